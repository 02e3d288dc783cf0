"""What a function's role allows in template.yaml, as pairs of action and resource."""


def permissions(stack, role_arn):
    """Without conditions: those of the template narrow what a pair allows, and the caller's keys to KMS."""
    (role,) = (role for logical, role in stack.of_type("AWS::IAM::Role") if stack.arn(logical) == role_arn)
    return [
        {"action": action, "resource": resource}
        for policy in role["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
        for action in as_list(statement["Action"])
        for resource in as_list(statement["Resource"])
    ]


def as_list(value):
    return value if isinstance(value, list) else [value]
