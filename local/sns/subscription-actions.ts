import { attributeEntries, element } from "./answers.ts";
import { invalid } from "./refusal.ts";
import type { Kept, Subscriptions } from "./subscriptions.ts";
import { filterScope, type TopicPlan } from "./topic-plan.ts";

/** Attributes of a subscription that can be said when it is made. */
const attributesKnown = ["FilterPolicy", "FilterPolicyScope"];
/** What stands for the ARN of a subscription that waits for its reader. */
const pendingArn = "pending confirmation";

/**
 * SNS's actions on subscriptions of people.
 * @returns the result, or undefined when it is none of them. @throws SnsRefusal
 */
export function subscriptionResult(
  action: string,
  parameters: URLSearchParams,
  people: Subscriptions,
  topicOf: (arn: string) => TopicPlan,
): string | undefined {
  const arn = parameters.get("SubscriptionArn") ?? "";
  const topic = (): TopicPlan => topicOf(parameters.get("TopicArn") ?? "");
  switch (action) {
    case "Subscribe": {
      const made = people.subscribe(topic().arn, {
        protocol: parameters.get("Protocol") ?? "",
        endpoint: parameters.get("Endpoint") ?? "",
        ...filterIn(attributesIn(parameters)),
      });
      const isTold = made.confirmed || parameters.get("ReturnSubscriptionArn") === "true";
      return element("SubscriptionArn", isTold ? made.arn : pendingArn);
    }
    case "ConfirmSubscription":
      return element("SubscriptionArn", people.confirm(topic().arn, parameters.get("Token") ?? "").arn);
    case "Unsubscribe":
      people.end(arn);
      return "";
    case "GetSubscriptionAttributes":
      return attributeEntries(attributesOf(people.get(arn)));
    default:
      return undefined;
  }
}

/** As `ListSubscriptionsByTopic` shows it. */
export const listedArn = ({ arn, confirmed }: Kept): string => (confirmed ? arn : "PendingConfirmation");

function attributesIn(parameters: URLSearchParams): Readonly<Record<string, string>> {
  const attributes: Record<string, string> = {};
  for (let n = 1; ; n += 1) {
    const name = parameters.get(`Attributes.entry.${n}.key`);
    if (name === null) return attributes;
    if (!attributesKnown.includes(name)) throw invalid(`AttributeName: ${name} is not known here`);
    attributes[name] = parameters.get(`Attributes.entry.${n}.value`) ?? "";
  }
}

function filterIn({
  FilterPolicy: filterPolicy,
  FilterPolicyScope: scope,
}: Readonly<Record<string, string>>) {
  const parsed = filterScope.safeParse(scope ?? "MessageAttributes");
  if (!parsed.success) throw invalid("FilterPolicyScope");
  return { filterPolicyScope: parsed.data, ...(filterPolicy !== undefined && { filterPolicy }) };
}

function attributesOf(subscription: Kept): Readonly<Record<string, string>> {
  const { arn, topic, protocol, endpoint, filterPolicy, filterPolicyScope, confirmed } = subscription;
  return {
    SubscriptionArn: arn,
    TopicArn: topic,
    Owner: topic.split(":")[4] ?? "",
    Protocol: protocol,
    Endpoint: endpoint,
    PendingConfirmation: `${!confirmed}`,
    ConfirmationWasAuthenticated: `${protocol === "sms"}`,
    RawMessageDelivery: "false",
    ...(filterPolicy !== undefined && { FilterPolicy: filterPolicy, FilterPolicyScope: filterPolicyScope }),
  };
}
