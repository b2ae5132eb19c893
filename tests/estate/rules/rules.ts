import { accessRules } from "./access.ts";
import { accountRules } from "./accounts.ts";
import { encryptionRules } from "./encryption.ts";
import { operationsRules } from "./operations.ts";
import { resilienceRules } from "./resilience.ts";
import type { Rule } from "./rule.ts";

export const rules: readonly Rule[] = [
  ...encryptionRules,
  ...accessRules,
  ...operationsRules,
  ...resilienceRules,
  ...accountRules,
];
