import { z } from "zod";
import { inputsOf, outputsOf, resourcesOf } from "../plan/load.ts";
import type { Plan } from "../plan/plan.ts";
import { type KeyPlan, keyIdOf, keySpecs, keyUsages } from "./key.ts";

const keyInputs = z.object({
  description: z.string().default(""),
  keyUsage: z.enum(keyUsages).default("ENCRYPT_DECRYPT"),
  customerMasterKeySpec: z.enum(keySpecs).default("SYMMETRIC_DEFAULT"),
  isEnabled: z.boolean().default(true),
});
const keyOutputs = z.object({ arn: z.string().regex(/^arn:aws:kms:[^:]+:\d{12}:key\/.+$/) });
const aliasInputs = z.object({ name: z.string().startsWith("alias/"), targetKeyId: z.string() });

/** The keys that the plan asks for, with their aliases. */
export function keyPlansOf(plan: Plan): readonly KeyPlan[] {
  const aliases = resourcesOf(plan, "aws:kms/alias:Alias").map((alias) => inputsOf(alias, aliasInputs));
  return resourcesOf(plan, "aws:kms/key:Key").map((resource) => {
    const inputs = inputsOf(resource, keyInputs);
    const { arn } = outputsOf(resource, keyOutputs);
    return {
      arn,
      description: inputs.description,
      usage: inputs.keyUsage,
      spec: inputs.customerMasterKeySpec,
      enabled: inputs.isEnabled,
      aliases: aliases
        .filter(({ targetKeyId }) => targetKeyId === arn || targetKeyId === keyIdOf(arn))
        .map(({ name }) => name),
    };
  });
}
