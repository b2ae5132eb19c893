import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  GetSubscriptionAttributesCommand,
  ListSubscriptionsByTopicCommand,
  PublishCommand,
  SNSClient,
  SubscribeCommand,
  UnsubscribeCommand,
} from "@aws-sdk/client-sns";
import { expect } from "vitest";
import { openCloud } from "#tests/support/cloud.ts";
import { contract } from "#tests/support/contract.ts";
import { planOf, resource } from "#tests/support/handmade-plan.ts";

const TopicArn = "arn:aws:sns:eu-west-1:123456789012:news";
const plannedArn = "arn:aws:sns:eu-west-1:123456789012:alarms";
const plan = planOf([
  resource("aws:sns/topic:Topic", "News", { name: "news", displayName: "Tallystick Ltd" }),
  resource("aws:sns/topic:Topic", "Alarms", { name: "alarms" }),
  resource("aws:sns/topicSubscription:TopicSubscription", "OnCall", {
    ...{ topic: plannedArn, protocol: "email", endpoint: "oncall@example.com" },
  }),
]);
const days = 24 * 3_600_000;

await contract(
  {
    service: "SNS",
    part: "people",
    open: async (subject) => {
      const cloud = await openCloud(plan, subject);
      const sns = new SNSClient(cloud.client);
      const stop = async () => {
        sns.destroy();
        await cloud.stop();
      };
      return { ...cloud, sns, stop };
    },
  },
  ({ use, ours }) => {
    const subscribe = async (Protocol: string, Endpoint: string, filter?: object) =>
      use().sns.send(
        new SubscribeCommand({
          ...{ TopicArn, Protocol, Endpoint, ReturnSubscriptionArn: true },
          ...(filter && { Attributes: { FilterPolicy: JSON.stringify(filter) } }),
        }),
      );
    const publish = (Message: string, to: readonly string[] = []) =>
      use().sns.send(
        new PublishCommand({
          ...{ TopicArn, Subject: "News", Message: JSON.stringify({ default: Message, sms: `${Message}!` }) },
          MessageStructure: "json",
          MessageAttributes: { to: { DataType: "String.Array", StringValue: JSON.stringify(to) } },
        }),
      );
    const statusOf = async (SubscriptionArn: string | undefined) =>
      (await use().sns.send(new GetSubscriptionAttributesCommand({ SubscriptionArn }))).Attributes?.[
        "PendingConfirmation"
      ];
    /** What arrived, oldest first, without what came before. */
    const seen = new Set<string>();
    function arrived(): string[] {
      return anyArrived().filter((mail) => !mail.includes("To: oncall@"));
    }
    function anyArrived(): string[] {
      const directory = join(use().directory, "mail");
      const files = existsSync(directory) ? readdirSync(directory) : [];
      const fresh = files.filter((file) => !seen.has(directory + file)).toSorted();
      for (const file of fresh) seen.add(directory + file);
      return fresh.map((file) => readFileSync(join(directory, file), "utf8"));
    }
    const linkIn = (mail = ""): string => /http:\S+/.exec(mail)?.[0] ?? expect.fail(`no link in ${mail}`);
    const follow = async (mail: string | undefined) => (await fetch(linkIn(mail))).status;
    async function confirmed(address: string, filter?: object): Promise<string> {
      const { SubscriptionArn = "" } = await subscribe("email", address, filter);
      expect(await follow(arrived().find((mail) => mail.includes(`To: ${address}`)))).toBe(200);
      return SubscriptionArn;
    }

    ours("an address gets a mail with a link, and nothing else until it was followed", async () => {
      const { SubscriptionArn } = await subscribe("email", "a@example.com");
      expect(await statusOf(SubscriptionArn)).toBe("true");
      const [asked, ...others] = arrived();
      expect(others).toEqual([]);
      expect(asked).toContain("Subject: AWS Notification - Subscription Confirmation\r\n");
      await publish("too early");
      expect(arrived()).toEqual([]);

      expect([await follow(asked), await follow(asked)]).toEqual([200, 200]);
      expect(await statusOf(SubscriptionArn)).toBe("false");
      await publish("in time");
      expect(arrived()).toEqual([
        expect.stringMatching(
          /^From: "Tallystick Ltd" <.*\r\nTo: a@example\.com\r\nSubject: News\r\n[\s\S]*\r\n\r\nin time\r\n--/,
        ),
      ]);
    });

    ours("a token that nobody was sent confirms nothing", async () => {
      const { SubscriptionArn } = await subscribe("email", "a@example.com");
      const [asked] = arrived();
      const forged = linkIn(asked).replace(/Token=\w+/, `Token=${"0".repeat(128)}`);
      expect((await fetch(forged)).status).toBe(400);
      expect(await statusOf(SubscriptionArn)).toBe("true");
    });

    ours("a phone is not asked, and its text begins with ten letters of the topic's name", async () => {
      const { SubscriptionArn } = await subscribe("sms", "+4915112345678");
      expect(await statusOf(SubscriptionArn)).toBe("false");
      await publish("captured");
      expect(arrived()).toEqual(["To: +4915112345678\n\nTallystick> captured!\n"]);
    });

    ours("filters let through what is for an address, and the same address has one only", async () => {
      await confirmed("a@example.com", { to: ["a"] });
      await confirmed("b@example.com", { to: ["b"] });
      await publish("for a", ["a"]);
      await publish("for both", ["a", "b"]);
      const mails = arrived().map((mail) => [/^To: (\S+)/m.exec(mail)?.[1], /for \w+/.exec(mail)?.[0]]);
      expect(mails.toSorted()).toEqual([
        ["a@example.com", "for a"],
        ["a@example.com", "for both"],
        ["b@example.com", "for both"],
      ]);
      await expect(subscribe("email", "a@example.com", { to: ["c"] })).rejects.toMatchObject({
        name: "InvalidParameterException",
        message: expect.stringContaining("Subscription already exists with different attributes"),
      });
    });

    ours(
      "the same again is the same subscription: one that waits is asked again, one that is confirmed is not",
      async () => {
        const first = await subscribe("email", "a@example.com");
        const again = await subscribe("email", "a@example.com");
        expect(again.SubscriptionArn).toBe(first.SubscriptionArn);
        const [one, other] = arrived();
        expect(linkIn(other)).toBe(linkIn(one));
        await follow(one);
        expect((await subscribe("email", "a@example.com")).SubscriptionArn).toBe(first.SubscriptionArn);
        expect(arrived()).toEqual([]);
      },
    );

    ours("who does not confirm within two days is forgotten", async () => {
      const { SubscriptionArn } = await subscribe("email", "a@example.com");
      const [asked] = arrived();
      await use().pass(2 * days - 1);
      expect(await statusOf(SubscriptionArn)).toBe("true");
      await use().pass(1);
      await expect(statusOf(SubscriptionArn)).rejects.toMatchObject({ name: "NotFoundException" });
      expect(await follow(asked)).toBe(400);
    });

    ours("who unsubscribes gets nothing any more, by the link in each mail or by a call", async () => {
      const byLink = await confirmed("a@example.com");
      const byCall = await confirmed("b@example.com");
      await publish("the last");
      expect(await follow(arrived().find((mail) => mail.includes("To: a@example.com")))).toBe(200);
      await use().sns.send(new UnsubscribeCommand({ SubscriptionArn: byCall }));
      await publish("to nobody");
      expect(arrived()).toEqual([]);
      for (const arn of [byLink, byCall])
        await expect(statusOf(arn)).rejects.toMatchObject({ name: "NotFoundException" });
    });

    ours("one that waits for its reader cannot be ended", async () => {
      const { SubscriptionArn } = await subscribe("email", "a@example.com");
      arrived();
      await expect(use().sns.send(new UnsubscribeCommand({ SubscriptionArn }))).rejects.toMatchObject({
        name: "InvalidParameterException",
        message: expect.stringContaining("pending confirmation"),
      });
    });

    ours("subscriptions are there after a restart", async () => {
      const arn = await confirmed("a@example.com");
      await use().restart();
      expect(await statusOf(arn)).toBe("false");
      await publish("again");
      expect(arrived()).toHaveLength(1);
    });

    ours("whom the plan subscribes is asked once, and listed without an ARN until then", async () => {
      const asked = anyArrived();
      await use().restart();
      expect([asked.length, anyArrived().length]).toEqual([1, 0]);
      const listed = async () =>
        (
          await use().sns.send(new ListSubscriptionsByTopicCommand({ TopicArn: plannedArn }))
        ).Subscriptions?.map(({ Endpoint, SubscriptionArn }) => [Endpoint, SubscriptionArn]);
      expect(await listed()).toEqual([["oncall@example.com", "PendingConfirmation"]]);
      await follow(asked[0]);
      expect(await listed()).toEqual([["oncall@example.com", `${plannedArn}:OnCall`]]);
    });

    ours("what is no address, or no protocol of people, is refused", async () => {
      for (const [protocol, endpoint] of [
        ["email", "nobody"],
        ["sms", "015112345678"],
        ["sqs", "arn:aws:sqs:eu-west-1:123456789012:queue"],
      ] as const)
        await expect(subscribe(protocol, endpoint)).rejects.toMatchObject({
          name: "InvalidParameterException",
        });
    });

    ours("a subject is one line of less than 100 characters of ASCII", async () => {
      for (const Subject of ["", "a".repeat(100), "two\nlines", "für"])
        await expect(
          use().sns.send(new PublishCommand({ TopicArn, Subject, Message: "m" })),
        ).rejects.toMatchObject({ name: "InvalidParameterException" });
    });
  },
);
