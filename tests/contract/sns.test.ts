import {
  ListSubscriptionsByTopicCommand,
  PublishBatchCommand,
  PublishCommand,
  SNSClient,
} from "@aws-sdk/client-sns";
import { ReceiveMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { expect } from "vitest";
import type { SubscriptionPlan } from "#local/sns/topic-plan.ts";
import { openCloud } from "#tests/support/cloud.ts";
import { contract } from "#tests/support/contract.ts";
import { fauxqs } from "#tests/support/emulators.ts";
import { planOf, resource } from "#tests/support/handmade-plan.ts";

const topicArn = "arn:aws:sns:eu-west-1:123456789012:alerts";
const queueUrl = (name: string) => `https://sqs.eu-west-1.amazonaws.com/123456789012/${name}`;
const subscription = (name: string, queue: string, more: Partial<SubscriptionPlan> = {}) =>
  resource("aws:sns/topicSubscription:TopicSubscription", name, {
    topic: topicArn,
    protocol: "sqs",
    endpoint: `arn:aws:sqs:eu-west-1:123456789012:${queue}`,
    ...more,
  });
const plan = planOf([
  resource("aws:sqs/queue:Queue", "Wrapped", { name: "wrapped" }),
  resource("aws:sqs/queue:Queue", "Raw", { name: "raw" }),
  resource("aws:sns/topic:Topic", "Alerts", { name: "alerts" }),
  subscription("ToWrapped", "wrapped"),
  subscription("ToRaw", "raw", {
    rawMessageDelivery: true,
    filterPolicy: JSON.stringify({ severity: ["high"] }),
  }),
]);

await contract(
  {
    service: "SNS",
    emulator: fauxqs,
    open: async (subject) => {
      const cloud = await openCloud(plan, subject);
      const sns = new SNSClient(cloud.client);
      const sqs = new SQSClient({ ...cloud.client, useQueueUrlAsEndpoint: false });
      const stop = async () => {
        sns.destroy();
        sqs.destroy();
        await cloud.stop();
      };
      return { ...cloud, sns, sqs, stop };
    },
  },
  ({ use, behaviour }) => {
    async function received(queue: string) {
      const input = {
        QueueUrl: queueUrl(queue),
        MaxNumberOfMessages: 10,
        MessageAttributeNames: ["All"],
      };
      return (await use().sqs.send(new ReceiveMessageCommand(input))).Messages ?? [];
    }
    const severity = (StringValue: string) => ({ severity: { DataType: "String", StringValue } });

    behaviour(
      "a publication reaches each queue as it asked for it: in SNS's envelope, or as it is",
      async () => {
        const { MessageId } = await use().sns.send(
          new PublishCommand({
            TopicArn: topicArn,
            Subject: "<late> & gone",
            Message: '{"a":"ü & <b>"}',
            MessageAttributes: severity("high"),
          }),
        );
        const [wrapped] = await received("wrapped");
        const { Timestamp, TopicArn, ...shown } = JSON.parse(wrapped?.Body ?? "");
        expect(Math.abs(Date.parse(Timestamp) - use().now())).toBeLessThan(10_000);
        // Another emulator's account is its own.
        expect(TopicArn).toMatch(/^arn:aws:sns:eu-west-1:\d{12}:alerts$/);
        expect(shown).toMatchObject({
          Type: "Notification",
          MessageId,
          Subject: "<late> & gone",
          Message: '{"a":"ü & <b>"}',
          MessageAttributes: { severity: { Type: "String", Value: "high" } },
        });
        const [raw] = await received("raw");
        expect([raw?.Body, raw?.MessageAttributes?.["severity"]?.StringValue]).toEqual([
          '{"a":"ü & <b>"}',
          "high",
        ]);
      },
    );

    behaviour("a filter policy keeps a publication from those whom it does not concern", async () => {
      await use().sns.send(
        new PublishCommand({ TopicArn: topicArn, Message: "m", MessageAttributes: severity("low") }),
      );
      expect([await received("raw"), (await received("wrapped")).length]).toEqual([[], 1]);
    });

    behaviour("a batch is published entry by entry", async () => {
      const answer = await use().sns.send(
        new PublishBatchCommand({
          TopicArn: topicArn,
          PublishBatchRequestEntries: [
            { Id: "1", Message: "one", MessageAttributes: severity("high") },
            { Id: "2", Message: "two", MessageAttributes: severity("low") },
          ],
        }),
      );
      expect(answer.Successful?.map(({ Id }) => Id)).toEqual(["1", "2"]);
      expect((await received("raw")).map(({ Body }) => Body)).toEqual(["one"]);
    });

    behaviour("a message in JSON is a text for each protocol, and one for all others", async () => {
      const text = JSON.stringify({ default: "for all", sqs: "for queues", email: "for people" });
      const publish = (Message: string) =>
        use().sns.send(
          new PublishCommand({
            ...{ TopicArn: topicArn, MessageStructure: "json", Message },
            MessageAttributes: severity("high"),
          }),
        );
      await publish(text);
      await publish(JSON.stringify({ default: "for all" }));
      expect((await received("raw")).map(({ Body }) => Body).toSorted()).toEqual(["for all", "for queues"]);
      for (const malformed of ["{", JSON.stringify({ sqs: "for queues" })])
        await expect(publish(malformed)).rejects.toMatchObject({ name: "InvalidParameterException" });
    });

    behaviour("a topic says who listens, and one that the plan does not have is not found", async () => {
      const listed = await use().sns.send(new ListSubscriptionsByTopicCommand({ TopicArn: topicArn }));
      expect(listed.Subscriptions?.map(({ Protocol }) => Protocol)).toEqual(["sqs", "sqs"]);
      await expect(
        use().sns.send(new PublishCommand({ TopicArn: `${topicArn}2`, Message: "m" })),
      ).rejects.toMatchObject({ name: "NotFoundException" });
    });
  },
);
