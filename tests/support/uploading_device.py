"""A device that uploads a file to a running instance with the Azure Storage client."""

import ssl

import httpx
from azure.storage.blob import BlobClient

from holdfast.kernel.clock import SystemClock
from holdfast.protocol.sas import decode_key, sign_sas
from tests.support.running import RunningInstance


def upload(
    instance: RunningInstance, device: str, key: str, data: bytes, name: str = "a/picture.png"
) -> None:
    """Upload a file as a device does: ask for an address, send blocks there, report."""
    expiry = int(SystemClock().now()) + 600
    headers = {"Authorization": sign_sas(f"{instance.address}/devices/{device}", decode_key(key), expiry)}
    address = f"https://{instance.address}/devices/{device}/files"
    trusted = ssl.create_default_context(cafile=str(instance.root_ca))
    with httpx.Client(verify=trusted, headers=headers) as client:
        info = client.post(address, json={"blobName": name}).json()
        blob = BlobClient.from_blob_url(
            "https://{hostName}/{containerName}/{blobName}{sasToken}".format(**info),
            connection_verify=str(instance.root_ca),
            max_single_put_size=2**20,
            max_block_size=2**20,
            retry_total=0,
        )
        blob.upload_blob(data)
        report = {"correlationId": info["correlationId"], "isSuccess": True, "statusCode": 200}
        assert client.post(f"{address}/notifications", json=report).status_code == 204
