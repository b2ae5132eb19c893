import { moneyWatches } from "./alarms-money.ts";
import { replicaWatches } from "./alarms-replicas.ts";
import { type Stores, storeWatches } from "./alarms-stores.ts";
import { systemWatches } from "./alarms-system.ts";
import { alarmsOfThisAccount, createMailTopic } from "./mail-topic.ts";
import { createAlarm, type Watch } from "./metric.ts";
import { physicalName } from "./naming.ts";
import type { Parts, Sagas } from "./parts.ts";
import type { ReconcilerQueues } from "./reconciler.ts";

export interface OperationsSettings {
  /** What Lambda runs at once in this account: its quota, 1,000 until AWS raises it. */
  readonly concurrencyQuota: number;
  /** Of the requests beyond the first in each second, how many are traced: 0 … 1. A trace costs 5 USD per million. */
  readonly tracedShare: number;
}

/** What is alarmed, for those who draw it too. */
export interface Alarms {
  readonly topic: aws.sns.Topic;
  readonly money: readonly aws.cloudwatch.MetricAlarm[];
  readonly system: readonly aws.cloudwatch.MetricAlarm[];
}

/**
 * The alarms of a stage with somebody on call; undefined for others. Those of money call by themselves, each with its
 * runbook. Those of the system call together: an outage is one message, not fifty.
 */
export function createAlarms(
  parts: Parts & { readonly sagas: Sagas },
  apiId: $util.Input<string>,
  reconciler: ReconcilerQueues | undefined,
  stores: Stores,
): Alarms | undefined {
  const { settings } = parts;
  if (settings.operations === undefined) return undefined;
  const topic = createMailTopic("Alarms", "Encrypts what alarms say", alarmsOfThisAccount(), settings);
  const money = [...moneyWatches(parts, reconciler), ...replicaWatches(parts)].map((watch) =>
    createAlarm(watch, [topic.arn]),
  );
  const watches = [...systemWatches(parts, apiId, settings.operations), ...storeWatches(stores)];
  const system = watches.map((watch) => createAlarm(watch, []));
  createTogether(watches, system, topic);
  return { topic, money, system };
}

/** CloudWatch's limit for one composite alarm. */
const watchesMax = 100;

function createTogether(
  watches: readonly Watch[],
  alarms: readonly aws.cloudwatch.MetricAlarm[],
  topic: aws.sns.Topic,
): void {
  if (watches.length > watchesMax) {
    throw new Error(
      `${watches.length} alarms of the system: CloudWatch puts ${watchesMax} together at most (stacks/alarms.ts).`,
    );
  }
  new aws.cloudwatch.CompositeAlarm(
    "SystemTroubleAlarm",
    {
      alarmName: physicalName("SystemTrouble"),
      alarmDescription:
        "Something that runs payments is in trouble; the message names the alarms. Runbook: docs/runbooks/system-trouble.md",
      alarmRule: watches.map(({ name }) => `ALARM("${physicalName(name)}")`).join(" OR "),
      alarmActions: [topic.arn],
      okActions: [topic.arn],
    },
    // The rule names them, and CloudWatch refuses a rule about alarms that are not there.
    { dependsOn: [...alarms] },
  );
}
