import { company } from "./company.ts";
import { createKey, type Keeping, keyPolicy, letUse } from "./keys.ts";
import { physicalName } from "./naming.ts";

interface Sender {
  /** The service of AWS that publishes. */
  readonly service: string;
  /** Under which it may; left out for a service that says nothing of where it calls from. */
  readonly condition?: object;
  /** Of the topic; the stage's own when left out. A service tells only topics of its own region. */
  readonly region?: string;
}

/** A topic that mails whoever is on call, under a key that only its sender uses for it. */
export function createMailTopic(
  name: string,
  description: string,
  { service, condition, region }: Sender,
  keeping: Keeping,
): aws.sns.Topic {
  const place = region === undefined ? {} : { region };
  const key = createKey(keeping, name, {
    ...place,
    description,
    // Without it the sender is content, and nobody is told.
    policy: keyPolicy(letUse("Sender", service, ["kms:Decrypt", "kms:GenerateDataKey"], condition)),
  });
  const topic = new aws.sns.Topic(name, { ...place, name: physicalName(name), kmsMasterKeyId: key.arn });
  new aws.sns.TopicPolicy(`${name}Policy`, {
    ...place,
    arn: topic.arn,
    policy: $jsonStringify({
      Version: "2012-10-17",
      Statement: [
        {
          ...{ Effect: "Allow", Principal: { Service: service }, Action: "sns:Publish", Resource: topic.arn },
          ...(condition !== undefined && { Condition: condition }),
        },
      ],
    }),
  });
  new aws.sns.TopicSubscription(`${name}ByEmail`, {
    ...place,
    topic: topic.arn,
    protocol: "email",
    endpoint: company.alarmAddress,
  });
  return topic;
}

/** CloudWatch's alarms of this account. */
export function alarmsOfThisAccount(): Pick<Sender, "service" | "condition"> {
  const { accountId } = aws.getCallerIdentityOutput();
  return {
    service: "cloudwatch.amazonaws.com",
    condition: { StringEquals: { "aws:SourceAccount": accountId } },
  };
}
