import { type Rule, rulesOf } from "../eventbridge/rule.ts";
import { type Schedule, schedulesOf } from "../eventbridge/schedule.ts";
import { apiOf } from "../http-api/api-definition.ts";
import { authorizerArnOf, routeArnsOf } from "../http-api/source-arns.ts";
import type { Plan } from "../plan/plan.ts";
import { notificationPlansOf } from "../s3/notification-plan.ts";
import { topicPlansOf } from "../sns/topic-plan.ts";
import type { Principal, ServicePrincipal } from "./guard.ts";

/** What a service of AWS brings to a target, as the plan has it. */
export interface PlannedDelivery {
  /** What brings it, by its name: `the rule failed-executions`. */
  readonly from: string;
  readonly sender: Principal | ServicePrincipal;
  readonly targetArn: string;
}

/** What buckets tell: S3 tries each target when it is told whom to notify, and takes none that does not let it in. */
export function notificationsIn(plan: Plan): readonly PlannedDelivery[] {
  return notificationPlansOf(plan).flatMap(({ bucket, subscribers }) => {
    const sender = { service: "s3.amazonaws.com", sourceArn: `arn:aws:s3:::${bucket}` };
    return subscribers.map(({ arn }) => ({
      ...{ from: `the notifications of the bucket ${bucket}`, sender, targetArn: arn },
    }));
  });
}

/** What else AWS brings on its own: it takes all of it, and fails when it is to be brought. */
export function deliveriesIn(plan: Plan): readonly PlannedDelivery[] {
  return [
    ...ofApi(plan),
    ...rulesOf(plan).flatMap(ofRule),
    ...schedulesOf(plan).flatMap(ofSchedule),
    ...ofTopics(plan),
  ];
}

function ofApi(plan: Plan): readonly PlannedDelivery[] {
  const api = apiOf(plan);
  const sender = (sourceArn: string) => ({ service: "apigateway.amazonaws.com", sourceArn });
  const authorizers = new Map(
    api.routes.flatMap(({ authorizer }) =>
      authorizer === undefined ? [] : [[authorizer.id, authorizer] as const],
    ),
  );
  return [
    ...api.routes.flatMap(({ key, functionArn: targetArn }) =>
      routeArnsOf(api, key.text).map((arn) => ({
        from: `the route ${key.text}`,
        sender: sender(arn),
        targetArn,
      })),
    ),
    ...[...authorizers.values()].map((each) => ({
      from: `the authorizer ${each.name}`,
      sender: sender(authorizerArnOf(api, each)),
      targetArn: each.functionArn,
    })),
  ];
}

function ofRule({ name, arn, targets }: Rule): readonly PlannedDelivery[] {
  const from = `the rule ${name}`;
  const itself = { service: "events.amazonaws.com", sourceArn: arn };
  return targets.flatMap(({ arn: targetArn, roleArn, deadLetter }) => [
    { from, sender: roleArn === undefined ? itself : { roleArn }, targetArn },
    ...(deadLetter === undefined ? [] : [{ from, sender: itself, targetArn: deadLetter }]),
  ]);
}

function ofSchedule({
  arn,
  target: { arn: targetArn, roleArn, deadLetter },
}: Schedule): readonly PlannedDelivery[] {
  if (roleArn === undefined) return [];
  const from = `the schedule ${arn.slice(arn.lastIndexOf("/") + 1)}`;
  return [targetArn, ...(deadLetter === undefined ? [] : [deadLetter])].map((each) => ({
    ...{ from, sender: { roleArn }, targetArn: each },
  }));
}

/** Mail, SMS and HTTP have no policies. */
function ofTopics(plan: Plan): readonly PlannedDelivery[] {
  return topicPlansOf(plan).flatMap(({ arn: sourceArn, subscriptions }) =>
    subscriptions.flatMap(({ arn, protocol, endpoint, redrivePolicy }) => {
      const sender = { service: "sns.amazonaws.com", sourceArn };
      const grave = redrivePolicy?.deadLetterTargetArn;
      const targets = [
        ...(protocol === "sqs" || protocol === "lambda" ? [endpoint] : []),
        ...(grave ? [grave] : []),
      ];
      return targets.map((targetArn) => ({ from: `the subscription ${arn}`, sender, targetArn }));
    }),
  );
}
