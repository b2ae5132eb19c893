import { accessRules } from "./access.ts";
import { accountRules } from "./accounts.ts";
import { encryptionRules } from "./encryption.ts";
import { operationsRules } from "./operations.ts";
import { podRules } from "./pods.ts";
import { resilienceRules } from "./resilience.ts";
import type { Rule } from "./rule.ts";
import { secretRules } from "./secrets.ts";

export const rules: readonly Rule[] = [
  ...encryptionRules,
  ...accessRules,
  ...secretRules,
  ...operationsRules,
  ...podRules,
  ...resilienceRules,
  ...accountRules,
];
