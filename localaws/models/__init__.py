"""CloudFormation resources: who makes each type, and models of those that moto lacks or makes only in part."""
