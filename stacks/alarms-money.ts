import { canarySuccess } from "./canary.ts";
import { type FunctionName, functions } from "./functions.ts";
import { countOf, standingOf } from "./log-metrics.ts";
import { consumerTimeoutSeconds } from "./messaging.ts";
import { lambdaMetric, type Metric, oldestMessage, queueMetric, sagaMetric, type Watch } from "./metric.ts";
import { logicalName, physicalName } from "./naming.ts";
import { isPassive } from "./pair.ts";
import { type Parts, type SagaName, type Sagas, sagaTypes } from "./parts.ts";
import { proofCount } from "./proofs.ts";
import type { ReconcilerQueues } from "./reconciler.ts";

/** What of a stage may hold up money, lose sight of it, or want a person. Each calls somebody by itself. */
export function moneyWatches(
  parts: Parts & { readonly sagas: Sagas },
  reconciler: ReconcilerQueues | undefined,
): Watch[] {
  return [
    ...reviews(),
    ...deadLetters(parts),
    ...checks(parts),
    ...(reconciler === undefined ? [] : [...files(reconciler), breaksOld()]),
    ...Object.keys(readersBehindSeconds).map((name) => readerBehind(name as FunctionName)),
    ...sagaEnds(parts.sagas),
    acquirersSilent(),
    canaryFailing(parts),
    ...sweeps(parts),
    ...(reconciler === undefined ? [] : proofs(parts)),
  ];
}

function reviews(): Watch[] {
  return [
    {
      name: "PaymentsInReview",
      means: "Payments or refunds whose outcome is unknown wait for a person.",
      runbook: "payments-in-review",
      measured: { metric: countOf("PaymentsInReview") },
      alarmsWhen: "atLeast",
      threshold: 1,
      minutes: 5,
    },
    {
      name: "RefundsAstray",
      means:
        "An acquirer gave back money for a refund that had failed: it is gone, and the books do not know.",
      runbook: "refunds-astray",
      measured: { metric: countOf("RefundsAstray") },
      alarmsWhen: "atLeast",
      threshold: 1,
      minutes: 5,
    },
    {
      name: "RegionOpened",
      means: "A failover has opened this region: merchants are to be told what may be lost.",
      runbook: "failover",
      measured: { metric: countOf("RegionOpened") },
      alarmsWhen: "atLeast",
      threshold: 1,
      minutes: 5,
    },
    {
      name: "NotificationsKept",
      means: "An acquirer told something that nothing here handles, such as a dispute.",
      runbook: "notifications-kept",
      measured: { metric: countOf("NotificationsKept") },
      alarmsWhen: "atLeast",
      threshold: 1,
      minutes: 5,
    },
  ];
}

/** Longest that a dead letter may wait to be kept, in seconds: five deliveries take as long as this. */
const letterSecondsMax = 15 * 60;

function deadLetters({ queues }: Parts): Watch[] {
  return [
    {
      // Its invocations, as SQS does not count messages that a redrive policy moves; and it has no other work.
      name: "DeadLettersKept",
      means: "Something was given up after all its tries, and is kept as a dead letter.",
      runbook: "dead-letters-kept",
      measured: { metric: lambdaMetric("KeepDeadLetters", "Invocations", "Sum") },
      alarmsWhen: "atLeast",
      threshold: 1,
      minutes: 5,
    },
    {
      name: "DeadLettersWaiting",
      means: "Dead letters wait in their queue and are not kept: after 14 days SQS forgets them.",
      runbook: "dead-letters-waiting",
      ...oldestMessage(queues.deadLetters, letterSecondsMax),
    },
    {
      name: "DeadLettersUnread",
      means: "A dead letter could not even be kept. After 14 days SQS forgets it.",
      runbook: "dead-letters-unread",
      measured: { metric: queueMetric(queues.deadLettersUnread, "ApproximateNumberOfMessagesVisible") },
      alarmsWhen: "atLeast",
      threshold: 1,
      minutes: 1,
    },
    {
      name: "FailedExecutionsLost",
      means: "EventBridge could not hand over a failed execution: no dead letter tells of it.",
      runbook: "failed-executions-lost",
      measured: { metric: ruleMetric("FailedExecutions", "FailedInvocations") },
      alarmsWhen: "atLeast",
      threshold: 1,
      minutes: 1,
    },
  ];
}

const ruleMetric = (rule: string, metricName: string): Metric => ({
  namespace: "AWS/Events",
  metricName,
  dimensions: { RuleName: physicalName(rule) },
  statistic: "Sum",
});

/** SQS's longest delay, which a reminder may have; and five deliveries of six timeouts each. */
const checkSecondsMax = 15 * 60 + 5 * 6 * consumerTimeoutSeconds.checks;

function checks({ queues }: Parts): Watch[] {
  return [
    {
      name: "ChecksLate",
      means: "Reminders to look at payments are overdue: what is stuck is not found.",
      runbook: "checks-late",
      ...oldestMessage(queues.checks, checkSecondsMax),
    },
  ];
}

/** A large file takes a lease or two of five minutes. After an hour nobody works on it, or each who tries dies. */
const fileSecondsMax = 3_600;

function files({ inbound, journal }: ReconcilerQueues): Watch[] {
  return [
    {
      name: "InboundFilesLate",
      means: "Files of acquirers or banks wait for the reconciler: what they settle is not booked.",
      runbook: "inbound-files",
      ...oldestMessage(inbound.waiting, fileSecondsMax),
    },
    putAside(
      "InboundFilesUnread",
      "A file of an acquirer or a bank was put aside: each process that took it died of it.",
      inbound.unread,
    ),
    {
      name: "JournalFilesLate",
      means: "What the journal told waits for the reconciler: the books are behind.",
      runbook: "inbound-files",
      ...oldestMessage(journal.waiting, fileSecondsMax),
    },
    putAside(
      "JournalFilesUnread",
      "A file of the journal was put aside, and the books lack what is in it; or a proof of the archive cannot be made.",
      journal.unread,
    ),
  ];
}

/** Business days that a break may be open. */
const breakDaysMax = 5;

/** Nothing is said of breaks while no pod runs: neither that all is well, nor an alarm that is about something else. */
const breaksOld = (): Watch => ({
  name: "BreaksOld",
  means: `A break between an acquirer's files and the books is open for more than ${breakDaysMax} business days.`,
  runbook: "breaks",
  measured: { metric: standingOf("OldestBreakBusinessDays") },
  alarmsWhen: "atLeast",
  threshold: breakDaysMax + 1,
  minutes: 60,
  silence: "unknown",
});

const putAside = (name: string, means: string, queue: aws.sqs.Queue): Watch => ({
  ...{ name, means, runbook: "inbound-files" },
  measured: { metric: queueMetric(queue, "ApproximateNumberOfMessagesVisible") },
  alarmsWhen: "atLeast",
  threshold: 1,
  minutes: 1,
});

/** How far each reader of a stream may fall behind, in seconds. A test holds that all readers are here. */
const readersBehindSeconds: { readonly [Name in FunctionName]?: number } = {
  // Until it has read a change, nobody will look at that payment.
  Relay: 60,
  // Balances are late, not wrong.
  Folder: 300,
  RecordEvents: 300,
  Notify: 300,
  // What finance asks is late, not wrong.
  JournalRelay: 300,
};

function readerBehind(name: FunctionName): Watch {
  return {
    name: `${name}Behind`,
    means: `${functions[name].purpose}: this is late.`,
    runbook: "stream-reader-behind",
    measured: { metric: lambdaMetric(name, "IteratorAge", "Maximum") },
    alarmsWhen: "atLeast",
    threshold: (readersBehindSeconds[name] ?? 0) * 1_000,
    minutes: 1,
    inARow: 5,
  };
}

/** A failed payment or refund saga is found by its check; one now and then is a deploy or a throttle, five are not. */
const expressFailuresMax = 5;

const sagaEnds = (sagas: Sagas): Watch[] =>
  (Object.keys(sagaTypes) as SagaName[]).map((saga) => {
    const standard = sagaTypes[saga] === "STANDARD";
    return {
      name: `${logicalName(saga)}SagaFailed`,
      ...endOf(saga),
      measured: {
        metrics: {
          failed: sagaMetric(sagas[saga], "ExecutionsFailed"),
          late: sagaMetric(sagas[saga], "ExecutionsTimedOut"),
          aborted: sagaMetric(sagas[saga], "ExecutionsAborted"),
        },
        expression: "FILL(failed, 0) + FILL(late, 0) + FILL(aborted, 0)",
      },
      alarmsWhen: "atLeast",
      threshold: standard ? 1 : expressFailuresMax,
      minutes: 5,
    };
  });

function endOf(saga: SagaName): Pick<Watch, "means" | "runbook"> {
  switch (saga) {
    case "payment":
    case "refund":
      return {
        means: `${logicalName(saga)} sagas fail or time out: their payments wait for a check.`,
        runbook: "saga-failed",
      };
    case "recovery":
      return {
        means: "A recovery ended without finding out: a payment wants a person.",
        runbook: "recovery-failed",
      };
    case "dispute":
      return {
        means:
          "A dispute could not be opened, or its end never came: it wants a person before its time is over.",
        runbook: "dispute-failed",
      };
    case "failover":
      return { means: "A failover stopped on its way: the region is not open.", runbook: "failover" };
  }
}

/** Of a hundred authorizations. Below ten silences, a share says nothing. */
const silentPercentMax = 5;
const silencesMin = 10;

/**
 * Silences of all requests, beside the authorizations that were tried: the only one of the two that is logged is the rare
 * one.
 */
const acquirersSilent = (): Watch => ({
  name: "AcquirersSilent",
  means: `Acquirers leave more than ${silentPercentMax} of 100 requests without an answer.`,
  runbook: "acquirers-silent",
  measured: {
    metrics: {
      silences: countOf("AcquirerSilences"),
      authorizations: lambdaMetric("AuthorizeTask", "Invocations", "Sum"),
    },
    expression:
      `IF(FILL(silences, 0) >= ${silencesMin}, ` +
      "100 * FILL(silences, 0) / (FILL(silences, 0) + FILL(authorizations, 0)), 0)",
  },
  alarmsWhen: "atLeast",
  threshold: silentPercentMax,
  minutes: 5,
});

/** Two visits of five minutes: one may meet a deployment. */
const canaryFailing = ({ settings }: Parts): Watch => ({
  name: "CanaryFailing",
  means: "A visitor from outside cannot sign in and read, or is let in without a token.",
  runbook: "canary-failing",
  measured: { metric: canarySuccess() },
  alarmsWhen: "atMost",
  threshold: 99,
  minutes: 5,
  inARow: 2,
  // No visits, no knowledge; and a passive region has none.
  silence: isPassive(settings) ? "unknown" : "bad",
});

/** A sweep runs at least every five minutes: three times missed is no jitter. */
const sweepMinutes = 15;

/** Nothing runs in a passive region; once it is open, a sweep that began and stopped is seen. */
const sweeps = ({ settings }: Parts): Watch[] =>
  (Object.keys(functions) as FunctionName[])
    .filter((name) => functions[name].every !== undefined)
    .map((name) => ({
      name: `${name}Stopped`,
      means: `${functions[name].purpose}: this has not run for ${sweepMinutes} minutes.`,
      runbook: "sweep-stopped",
      measured: { metric: lambdaMetric(name, "Invocations", "Sum") },
      alarmsWhen: "atMost",
      threshold: 0,
      minutes: sweepMinutes,
      silence: isPassive(settings) ? "unknown" : "bad",
    }));

/** Hours without a proof: a night, and time to mend. */
const unprovenHoursMax = 26;

function proofs({ settings }: Parts): Watch[] {
  const runs = settings.cluster?.reconciler?.imageTag !== undefined;
  return [
    {
      name: "DayUnproven",
      means: `No proof of the archive was made for ${unprovenHoursMax} hours. INSUFFICIENT_DATA: no reconciler is released yet.`,
      runbook: "day-unproven",
      measured: { metric: proofCount("ProofsMade") },
      alarmsWhen: "atMost",
      threshold: 0,
      minutes: 60,
      inARow: unprovenHoursMax,
      silence: runs && !isPassive(settings) ? "bad" : "unknown",
    },
    {
      name: "UnbalancedProof",
      means:
        "The nightly proof found books that do not balance, or are not what the ledger or the warehouse says; or it could not compare them.",
      runbook: "unbalanced-proof",
      measured: { metric: proofCount("ProofFindings") },
      alarmsWhen: "atLeast",
      threshold: 1,
      minutes: 60,
    },
  ];
}
