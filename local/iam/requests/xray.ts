import type { AccessReader } from "./reader.ts";

/** Traces and segments are no resources to IAM. */
export const xrayRequests: AccessReader = ({ action }) => [
  { action: `xray:${action}`, resource: "*", context: () => undefined },
];
