"""Daily backups of the audit table by AWS Backup: a vault that nobody empties, a plan, and the role that it takes."""

from typing import cast

from aws_cdk import Aws, Duration, Fn, RemovalPolicy, Stack
from aws_cdk import aws_backup as backup
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from constructs import Construct

# Of the 50 characters of a vault's name ("CreateBackupVault", AWS Backup API reference), a stack's id takes 36.
_OF_STACK_NAME = 13
# "BackupPlan", AWS Backup API reference.
_LONGEST_PLAN_NAME = 50


class Backups(Construct):
    """A backup of a table each night, kept for so many days. Point-in-time recovery goes back 35 days at most."""

    def __init__(self, scope: Construct, id_: str, *, table: dynamodb.ITable, keep_days: int) -> None:
        super().__init__(scope, id_)
        vault = backup.BackupVault(
            self,
            "Vault",
            # Backups end when their days are over, and not before: not even an administrator deletes one.
            block_recovery_point_deletion=True,
            # A vault that holds a backup cannot be deleted; one that a first deployment left would be empty.
            removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )
        # CloudFormation chooses no name for it, and one that stayed keeps its own: the stack's id tells them apart.
        stack_id = Fn.select(2, Fn.split("/", Aws.STACK_ID))
        resource = cast(backup.CfnBackupVault, vault.node.default_child)
        stack_name = Stack.of(self).stack_name
        resource.backup_vault_name = f"{stack_name[:_OF_STACK_NAME]}-{stack_id}"
        plan = backup.BackupPlan(self, "Plan", backup_plan_name=stack_name[:_LONGEST_PLAN_NAME], backup_vault=vault)
        plan.add_rule(
            backup.BackupPlanRule(
                rule_name="Nightly",
                schedule_expression=events.Schedule.cron(hour="3", minute="0"),
                delete_after=Duration.days(keep_days),
            )
        )
        # It does not restore: that takes rights to write, and a decision.
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("backup.amazonaws.com"),
            description="What AWS Backup needs to back up copytrail's records",
            managed_policies=[
                iam.ManagedPolicy.from_aws_managed_policy_name("service-role/AWSBackupServiceRolePolicyForBackup")
            ],
        )
        backup.CfnBackupSelection(
            self,
            "Selection",
            backup_plan_id=plan.backup_plan_id,
            # Not `plan.add_selection`: it would let the role restore, or make one.
            backup_selection=backup.CfnBackupSelection.BackupSelectionResourceTypeProperty(
                iam_role_arn=role.role_arn, selection_name="AuditTable", resources=[table.table_arn]
            ),
        )
