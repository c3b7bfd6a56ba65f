"""What would otherwise be written: a function that starts a zonal shift from an alarm's event, and nothing else."""

import json

import boto3

arc = boto3.client("arc-zonal-shift")


def handler(event, context):
    alarm = event["detail"]
    what = json.loads(alarm["configuration"]["description"])
    started = arc.start_zonal_shift(
        resourceIdentifier=what["loadBalancer"],
        awayFrom=what["az-id"],
        expiresIn="6h",
        comment=alarm["alarmName"],
    )
    return {"zonalShiftId": started["zonalShiftId"]}
