import { logicalName, physicalName } from "./naming.ts";
import type { Keys } from "./security.ts";

export type TopicName = "news";
export type Topics = { readonly [Name in TopicName]: aws.sns.Topic };

/** What people are told of: the types of core/notifications/kinds.ts, against which a test holds them. */
export const newsTypes: readonly string[] = [
  "payment.captured",
  "payment.declined",
  "payment.failed",
  "payment.canceled",
  "payment.expired",
  "payment.in_review",
  "payment.refund_in_review",
  "payment.refunded",
  "payment.refund_failed",
  "payment.review_updated",
];

/** What people see as the sender: SMS shows ten characters of it. */
const sender = "Tallystick";

/**
 * The topics that people are told by. Merchants' contacts subscribe while the system runs (functions/api/merchants), so
 * a plan has none of them.
 */
export function createTopics({ news }: Keys): Topics {
  return {
    news: new aws.sns.Topic(logicalName("news"), {
      name: physicalName("news"),
      displayName: sender,
      kmsMasterKeyId: news.arn,
    }),
  };
}
