"""Owns the CloudFormation resources that moto lacks or makes only in part, one file per service."""
