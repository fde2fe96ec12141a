// Judges requests by policies as IAM does, and finds what of the policies nobody would miss. JSON in, JSON out.
import { runSimulation } from '@cloud-copilot/iam-simulate'
import { readFileSync } from 'node:fs'

const asList = (value) => (Array.isArray(value) ? value : [value])
const { identityPolicies, resourcePolicies, takenAway, missing, requests } = JSON.parse(readFileSync(0, 'utf8'))

// One statement for each action and resource, so that each can be taken away by itself.
function parted(policies) {
  const parts = {}
  for (const [name, document] of Object.entries(policies)) {
    parts[name] = asList(document.Statement).flatMap((statement) =>
      asList(statement.Action).flatMap((Action) =>
        asList(statement.Resource).map((Resource) => ({ ...statement, Action, Resource }))
      )
    )
  }
  return parts
}

const identity = parted(identityPolicies)
const resource = parted(resourcePolicies)

function policyOf(statements) {
  return { Version: '2012-10-17', Statement: statements.map(({ Sid, ...rest }) => rest) }
}

async function verdict(request, identityNow, resourceNow) {
  const [, , , , account] = request.resource.split(':')
  const own = resourceNow[request.resourcePolicy] ?? []
  const answer = await runSimulation(
    {
      request: {
        principal: request.principal,
        action: request.action,
        resource: { resource: request.resource, accountId: account || request.account },
        contextVariables: request.context
      },
      identityPolicies: request.identityPolicies.flatMap((name) =>
        identityNow[name].length ? [{ name, policy: policyOf(identityNow[name]) }] : []
      ),
      resourcePolicy: own.length ? policyOf(own) : undefined,
      serviceControlPolicies: [],
      resourceControlPolicies: []
    },
    {}
  )
  if (answer.resultType === 'error') {
    throw new Error(`${JSON.stringify(request)}: ${JSON.stringify(answer.errors)}`)
  }
  return answer.overallResult
}

const verdicts = []
for (const request of requests) {
  verdicts.push(await verdict(request, identity, resource))
}

// Whether any request that has to do with this policy and action ends otherwise than before.
async function isNoticed(name, action, identityNow, resourceNow) {
  const pattern = new RegExp(`^${action.replaceAll('*', '.*')}$`)
  for (const [index, request] of requests.slice(0, missing).entries()) {
    const concerned = request.identityPolicies.includes(name) || request.resourcePolicy === name
    if (concerned && pattern.test(request.action)) {
      const now = await verdict(request, identityNow, resourceNow)
      if ((now === 'Allowed') !== (verdicts[index] === 'Allowed')) {
        return true
      }
    }
  }
  return false
}

function* mutations(statements) {
  for (const [index, statement] of statements.entries()) {
    const others = statements.filter((_, other) => other !== index)
    yield { statement, without: '', left: others }
    for (const [operator, keys] of Object.entries(statement.Condition ?? {})) {
      for (const key of Object.keys(keys)) {
        const { [key]: _, ...otherKeys } = keys
        const Condition = { ...statement.Condition, [operator]: otherKeys }
        if (Object.keys(otherKeys).length === 0) {
          delete Condition[operator]
        }
        yield { statement, without: `${operator} ${key}`, left: [...others, { ...statement, Condition }] }
      }
    }
  }
}

const unnoticed = []
for (const [policies, mutated] of [
  [identity, (name, left) => [{ ...identity, [name]: left }, resource]],
  [resource, (name, left) => [identity, { ...resource, [name]: left }]]
]) {
  for (const [name, statements] of Object.entries(policies).filter(([name]) => takenAway.includes(name))) {
    for (const { statement, without, left } of mutations(statements)) {
      if (!(await isNoticed(name, statement.Action, ...mutated(name, left)))) {
        unnoticed.push({ policy: name, action: statement.Action, resource: statement.Resource, without })
      }
    }
  }
}

console.log(JSON.stringify({ verdicts, unnoticed }))
