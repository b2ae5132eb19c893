import { sharedName } from "./pair.ts";
import type { StageSettings } from "./settings.ts";

/**
 * How much is traced, and a group that keeps what went wrong together. HTTP APIs have no X-Ray: the functions behind them
 * and the sagas decide, by this rule. The reconciler asks nobody: it has some messages an hour, and traces each (ADR 67).
 */
export function createTracing(settings: StageSettings): void {
  const { operations } = settings;
  if (operations === undefined) return;
  new aws.xray.SamplingRule("Traces", {
    // X-Ray takes 32 characters, and each region has its own.
    ruleName: sharedName(settings, "Traces"),
    // Before AWS's own rule, which has 10,000 and traces one of twenty.
    priority: 1_000,
    version: 1,
    // The first request in each second, so that a quiet stage is traced too.
    reservoirSize: 1,
    fixedRate: operations.tracedShare,
    host: "*",
    httpMethod: "*",
    resourceArn: "*",
    serviceName: "*",
    serviceType: "*",
    urlPath: "*",
  });
  new aws.xray.Group("FailedTraces", {
    groupName: sharedName(settings, "Failed"),
    filterExpression: "fault = true OR error = true",
    // Insights costs a dollar per million traces more and tells what the alarms tell.
    insightsConfiguration: { insightsEnabled: false, notificationsEnabled: false },
  });
}
