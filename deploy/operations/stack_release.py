"""What a deployment uploads: the zips and the template, into a bucket that belongs to the stack alone.

Every object has the hash of its content in its name, so an earlier template finds its zips, and the same zips are
uploaded once. A name proves nothing: S3's own hash of the object must be the same, and a template pins the version that
has it.
"""

import base64
import hashlib
import json
import re
import shutil
import subprocess

from botocore.exceptions import ClientError

from stack_settings import ROOT, Refused

TEMPLATE = ROOT / "template.yaml"
CODE = re.compile(r"^( *CodeUri: )\.build/lambda/([a-z-]+)\.zip$", re.MULTILINE)


def functions():
    """The names of the zips that the template needs."""
    return [match[2] for match in CODE.finditer(TEMPLATE.read_text(encoding="utf-8"))]


def zip_of(function):
    return ROOT / ".build/lambda" / f"{function}.zip"


def build_missing():
    """Builds the zips if one is missing and this machine can; the checks report what is still missing."""
    if all(zip_of(function).exists() for function in functions()):
        return
    if shutil.which("docker") or shutil.which("swift"):
        print("Building the zips, because one is missing", flush=True)
        how = [] if shutil.which("swift") else ["--docker"]
        if subprocess.run([str(ROOT / "deploy/build"), *how]).returncode != 0:
            raise Refused("deploy/build failed; nothing was deployed.")


class Bucket:
    def __init__(self, cloud, stack):
        self.s3, self.cloud = cloud.client("s3"), cloud
        # At most 63 characters. The hash keeps stacks apart whose names differ in case or after 20 characters.
        prefix = re.sub("[^a-z0-9-]", "-", stack.lower())[:20]
        identity = hashlib.sha256(stack.encode()).hexdigest()[:8]
        self.name = f"{prefix}-{identity}-{cloud.account}-{cloud.region}"
        self.own = {"Bucket": self.name, "ExpectedBucketOwner": cloud.account}

    def exists(self):
        try:
            self.s3.head_bucket(**self.own)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                return False
            raise Refused(f"The bucket {self.name} is not this account's, or you may not read it: {error}.") from error
        return True

    def create(self):
        """Creates it unless it exists. Its settings are made anew each time, so that nobody's change stays unseen."""
        if not self.exists():
            # us-east-1 is no constraint but the default, and S3 refuses its name.
            elsewhere = {"CreateBucketConfiguration": {"LocationConstraint": self.cloud.region}}
            self.s3.create_bucket(Bucket=self.name, **(elsewhere if self.cloud.region != "us-east-1" else {}))
        private = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
        self.s3.put_public_access_block(**self.own, PublicAccessBlockConfiguration=dict.fromkeys(private, True))
        self.s3.put_bucket_versioning(**self.own, VersioningConfiguration={"Status": "Enabled"})
        rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
        self.s3.put_bucket_encryption(**self.own, ServerSideEncryptionConfiguration={"Rules": [rule]})
        arn = f"arn:{self.cloud.partition}:s3:::{self.name}"
        only_tls = {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [arn, f"{arn}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
        policy = {"Version": "2012-10-17", "Statement": [only_tls]}
        self.s3.put_bucket_policy(**self.own, Policy=json.dumps(policy))

    def put(self, folder, suffix, content):
        """Returns the key of an object with this content, and its version."""
        digest = hashlib.sha256(content)
        key, checksum = f"{folder}/{digest.hexdigest()}{suffix}", base64.b64encode(digest.digest()).decode()
        try:
            found = self.s3.head_object(**self.own, Key=key, ChecksumMode="ENABLED")
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
                raise
            found = {}
        if found.get("ChecksumSHA256") != checksum:
            found = self.s3.put_object(**self.own, Key=key, Body=content, ChecksumAlgorithm="SHA256")
        return key, found.get("VersionId")

    def put_template(self, text):
        """Returns the URL that CloudFormation reads it from."""
        key, _ = self.put("templates", ".yaml", text.encode())
        suffix = "amazonaws.com.cn" if self.cloud.partition == "aws-cn" else "amazonaws.com"
        return f"https://{self.name}.s3.{self.cloud.region}.{suffix}/{key}"

    def upload(self):
        """Uploads the zips, and the template with their addresses. Returns the template's URL."""

        def address(match):
            key, version = self.put("zips", ".zip", zip_of(match[2]).read_bytes())
            place = {"Bucket": self.name, "Key": key}
            # S3 may need minutes until a new bucket gives versions.
            return match[1] + json.dumps(place | ({"Version": version} if version else {}))

        return self.put_template(CODE.sub(address, TEMPLATE.read_text(encoding="utf-8")))

    def delete(self):
        pages = self.s3.get_paginator("list_object_versions").paginate(**self.own)
        for page in pages:
            found = page.get("Versions", []) + page.get("DeleteMarkers", [])
            objects = [{"Key": item["Key"], "VersionId": item["VersionId"]} for item in found]
            if objects:
                self.s3.delete_objects(**self.own, Delete={"Objects": objects, "Quiet": True})
        self.s3.delete_bucket(**self.own)
