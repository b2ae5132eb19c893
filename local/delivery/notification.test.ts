import { expect, test } from "vitest";
import { toFunctions } from "./notification.ts";

test("a function that is subscribed to a topic gets its message as SNS shows it to functions", () => {
  const invoked: [string, unknown][] = [];
  const deliver = toFunctions((arn, payload) => invoked.push([arn, JSON.parse(payload)]));
  const envelope = {
    Type: "Notification",
    MessageId: "m-1",
    TopicArn: "arn:aws:sns:eu-west-1:123456789012:payments",
    Message: '{"kind":"captured"}',
    Timestamp: "2026-01-01T00:00:00.000Z",
    MessageAttributes: { kind: { Type: "String", Value: "captured" } },
  };
  deliver({ subscription: { arn: "arn:subscription", endpoint: "arn:function" }, envelope });
  expect(invoked).toEqual([
    [
      "arn:function",
      {
        Records: [
          {
            EventSource: "aws:sns",
            EventVersion: "1.0",
            EventSubscriptionArn: "arn:subscription",
            Sns: {
              ...envelope,
              Subject: null,
              SignatureVersion: "1",
              Signature: "",
              SigningCertUrl: expect.any(String),
              UnsubscribeUrl: expect.any(String),
            },
          },
        ],
      },
    ],
  ]);
});
