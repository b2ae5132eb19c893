import { z } from "zod";
import type { ProofStatement, ReadProof } from "#core/proof/archive-proof.ts";

const digest = z.string().regex(/^[0-9a-f]{64}$/, "is no digest");
const amount = z.string().regex(/^-?\d+$/, "is no amount");
const leftOut = z.object({ left_out: z.string() });
const compared = z.object({
  ledger: z.union([
    z.object({
      ...{ as_of: z.iso.datetime().nullable(), books: z.int().nonnegative() },
      ...{ records: z.int().nonnegative(), balances: z.int().nonnegative() },
    }),
    leftOut,
  ]),
  warehouse: z.union([
    z.object({
      ...{ since: z.iso.date(), until: z.iso.date() },
      ...{ accounts: z.int().nonnegative(), differ: z.int().nonnegative() },
    }),
    leftOut,
  ]),
});
const statement: z.ZodType<ProofStatement> = z.object({
  schema: z.literal(1),
  number: z.int().min(1),
  previous: digest.nullable(),
  proven_at: z.iso.datetime(),
  root: digest,
  files: z.array(
    z.object({
      ...{ key: z.string().min(1), version: z.string(), lines: z.int().nonnegative() },
      ...{ root: digest, received_at: z.iso.datetime() },
    }),
  ),
  books: z.array(
    z.object({
      ...{ currency: z.string().length(3), debits: amount, credits: amount },
      ...{ debits_held: amount, credits_held: amount },
    }),
  ),
  findings: z.array(z.string()),
  compared: compared.optional(),
});
const seal = z.object({
  /** ARN of the key in KMS. */
  key: z.string().min(1),
  algorithm: z.literal("ECDSA_SHA_256"),
  signature: z.base64(),
});

/** Who signed a proof, and how. */
export type Seal = z.output<typeof seal>;

/** A proof with its signature, as it is in the archive. */
export interface SignedProof extends ReadProof {
  readonly seal: Seal;
}

/** A proof's file: a line that is signed, and one that signs it. */
export const proofFileOf = (text: string, signed: Seal): string => `${text}\n${JSON.stringify(signed)}\n`;

/** @throws Error that says why it is no proof */
export function readProofFile(file: string): SignedProof {
  const [text = "", signed = "", ...rest] = file.split("\n");
  if (rest.join("") !== "") throw new Error("it has more than a statement and its signature");
  return { statement: read(statement, text), text, seal: read(seal, signed) };
}

/** @throws Error that says why a text is no statement of a proof */
export const readStatement = (text: string): ProofStatement => read(statement, text);

function read<T>(schema: z.ZodType<T>, text: string): T {
  const { success, data, error } = schema.safeParse(JSON.parse(text));
  if (success) return data;
  throw new Error(error.issues.map(({ path, message }) => `${path.join(".")} ${message}`).join("; "));
}
