import {
  ListSubscriptionsByTopicCommand,
  ListTopicsCommand,
  PublishBatchCommand,
  PublishCommand,
  SNSClient,
  SubscribeCommand,
  UnsubscribeCommand,
} from "@aws-sdk/client-sns";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type GuardedCloud, openGuardedCloud } from "#tests/support/guarded-cloud.ts";
import { resource, roleResource } from "#tests/support/handmade-plan.ts";

const TopicArn = "arn:aws:sns:eu-west-1:123456789012:alarms";
const newsArn = "arn:aws:sns:eu-west-1:123456789012:news";
const keyArn = "arn:aws:kms:eu-west-1:123456789012:key/news";

let cloud: GuardedCloud;
beforeAll(async () => {
  cloud = await openGuardedCloud(
    resource("aws:sns/topic:Topic", "Alarms", { name: "alarms" }),
    {
      ...resource("aws:kms/key:Key", "NewsKey", { keyUsage: "ENCRYPT_DECRYPT" }),
      outputs: { keyId: "news", arn: keyArn },
    },
    resource("aws:sns/topic:Topic", "News", { name: "news", kmsMasterKeyId: keyArn }),
    roleResource("keyless", ["sns:Publish"], [newsArn]),
    roleResource("informed", ["sns:Publish", "kms:GenerateDataKey", "kms:Decrypt"], [newsArn, keyArn]),
    roleResource("teller", ["sns:Publish"], [TopicArn]),
    roleResource("reader", ["sns:ListSubscriptionsByTopic"], [TopicArn]),
  );
});
afterAll(() => cloud.stop());

type Call = (sns: SNSClient) => Promise<unknown>;
const answerTo = (role: string, call: Call) => call(new SNSClient(cloud.as(role)));
const publish: Call = (sns) => sns.send(new PublishCommand({ TopicArn, Message: "m" }));
const batch: Call = (sns) =>
  sns.send(new PublishBatchCommand({ TopicArn, PublishBatchRequestEntries: [{ Id: "1", Message: "m" }] }));

test.each<[string, string, Call]>([
  ["teller", "publishes", publish],
  ["teller", "publishes many at once", batch],
  ["reader", "lists who is subscribed", (sns) => sns.send(new ListSubscriptionsByTopicCommand({ TopicArn }))],
])("%s %s", async (role, _what, call) => {
  await answerTo(role, call);
  expect(cloud.log.recent().at(-1)).toMatchObject({ statusCode: 200 });
});

test.each<[string, string, string, Call]>([
  ["reader", "sns:Publish", TopicArn, publish],
  ["reader", "sns:Publish", TopicArn, batch],
  [
    "teller",
    "sns:Publish",
    "*",
    (sns) => sns.send(new PublishCommand({ PhoneNumber: "+4412345678", Message: "m" })),
  ],
  ["teller", "sns:ListTopics", "*", (sns) => sns.send(new ListTopicsCommand({}))],
  [
    "teller",
    "sns:Subscribe",
    TopicArn,
    (sns) => sns.send(new SubscribeCommand({ TopicArn, Protocol: "sqs", Endpoint: "e" })),
  ],
  [
    "teller",
    "sns:Unsubscribe",
    "*",
    (sns) => sns.send(new UnsubscribeCommand({ SubscriptionArn: `${TopicArn}:1` })),
  ],
])("%s is denied %s on %s", async (role, action, arn, call) => {
  await expect(answerTo(role, call)).rejects.toMatchObject({
    name: "AuthorizationErrorException",
    message: expect.stringContaining(
      `assumed-role/${role}/${role} is not authorized to perform: ${action.replace("sns", "SNS")} on resource: ${arn} because no identity-based policy allows`,
    ),
  });
  expect(cloud.log.recent().at(-1)).toMatchObject({ statusCode: 403, denied: `${action} on ${arn}` });
});

test("a topic under a customer's key needs that key of its publisher too", async () => {
  const tell: Call = (sns) => sns.send(new PublishCommand({ TopicArn: newsArn, Message: "m" }));
  await answerTo("informed", tell);
  await expect(answerTo("keyless", tell)).rejects.toMatchObject({ name: "KMSAccessDeniedException" });
  expect(cloud.log.recent().at(-1)).toMatchObject({ denied: `kms:GenerateDataKey on ${keyArn}` });
});
