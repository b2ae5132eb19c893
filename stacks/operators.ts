import { company } from "./company.ts";
import { physicalName } from "./naming.ts";

/** Whom the account's own events are told. */
export type Operators = aws.sns.Topic;

/** A topic that mails whoever is on call, encrypted under a key that EventBridge may use for it. */
export function createOperators(): Operators {
  const { accountId } = aws.getCallerIdentityOutput();
  const key = new aws.kms.Key(
    "OperatorsKey",
    {
      description: "Encrypts what is told to operators",
      enableKeyRotation: true,
      deletionWindowInDays: 30,
      policy: $jsonStringify({
        Version: "2012-10-17",
        Statement: [
          {
            Sid: "Account",
            Effect: "Allow",
            Principal: { AWS: $interpolate`arn:aws:iam::${accountId}:root` },
            Action: "kms:*",
            Resource: "*",
          },
          {
            Sid: "Events",
            Effect: "Allow",
            Principal: { Service: "events.amazonaws.com" },
            Action: ["kms:Decrypt", "kms:GenerateDataKey"],
            Resource: "*",
            Condition: { StringEquals: { "aws:SourceAccount": accountId } },
          },
        ],
      }),
    },
    { retainOnDelete: true },
  );
  const topic = new aws.sns.Topic("Operators", {
    name: physicalName("Operators"),
    kmsMasterKeyId: key.arn,
  });
  new aws.sns.TopicPolicy("OperatorsPolicy", {
    arn: topic.arn,
    policy: $jsonStringify({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Principal: { Service: "events.amazonaws.com" },
          Action: "sns:Publish",
          Resource: topic.arn,
          Condition: { StringEquals: { "aws:SourceAccount": accountId } },
        },
      ],
    }),
  });
  new aws.sns.TopicSubscription("OperatorsMail", {
    topic: topic.arn,
    protocol: "email",
    endpoint: company.alarmAddress,
  });
  return topic;
}

/** Tells operators each event of a pattern. */
export function tell(operators: Operators, name: string, pattern: object): void {
  const rule = new aws.cloudwatch.EventRule(name, {
    name: physicalName(name),
    eventPattern: $jsonStringify(pattern),
  });
  new aws.cloudwatch.EventTarget(`${name}Target`, { rule: rule.name, arn: operators.arn });
}
