import type { PlanResource } from "#local/plan/plan.ts";
import { resource, roleArnOf } from "./handmade-plan.ts";

/** A delivery stream of Firehose from the stream of this name, as the role `courier` unless `to` names another. */
export const deliveryResource = (
  name: string,
  stream: string,
  { roleArn = roleArnOf("courier"), ...to }: Readonly<Record<string, unknown>>,
): PlanResource => ({
  ...resource("aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream", name, {
    name,
    destination: "extended_s3",
    kinesisSourceConfiguration: {
      kinesisStreamArn: `arn:aws:kinesis:eu-west-1:123456789012:stream/${stream}`,
      roleArn,
    },
    extendedS3Configuration: { roleArn, bufferingInterval: 300, bufferingSize: 64, ...to },
  }),
  outputs: { arn: `arn:aws:firehose:eu-west-1:123456789012:deliverystream/${name}` },
});
