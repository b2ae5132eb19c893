import { z } from "zod";
import type { SandboxAcquirer } from "./acquirer.ts";
import { type Answer, decode, parseJson, refuse } from "./http.ts";
import { operationKeyPattern } from "./protocol.ts";
import { disputeOf } from "./wire.ts";

const filePath = /^\/v1\/settlements\/([a-zA-Z0-9.-]{1,100})$/;
const disputePath = /^\/v1\/disputes\/([^/]{1,100})$/;
const evidencePath = /^\/v1\/disputes\/([^/]{1,100})\/evidence$/;
const evidenceBody = z.strictObject({
  text: z.string().min(1).max(10_000),
  fields: z.record(z.string().max(100), z.string().max(1_000)).default({}),
});

/** Settlement files, and what is known of a dispute. @returns undefined for what is not here. */
export function portalPage(acquirer: SandboxAcquirer, path: string): Answer | undefined {
  const name = filePath.exec(path)?.[1];
  if (name !== undefined) {
    const file = acquirer.settlements.file(name);
    if (file === undefined) return refuse("unknown_file");
    return { statusCode: 200, body: file.content, headers: { "content-type": file.contentType } };
  }
  const id = decode(disputePath.exec(path)?.[1]);
  if (id === undefined) return undefined;
  acquirer.decideDue();
  const dispute = acquirer.disputes.get(id);
  if (dispute === undefined) return refuse("unknown_dispute");
  const { key, reference, evidence } = dispute;
  return { statusCode: 200, body: { ...disputeOf(id, dispute), key, reference, evidence } };
}

/** Evidence for a dispute. @returns undefined for what is not here. */
export function takeEvidence(
  acquirer: SandboxAcquirer,
  path: string,
  key: unknown,
  raw: string,
): Answer | undefined {
  const id = decode(evidencePath.exec(path)?.[1]);
  if (id === undefined) return undefined;
  if (typeof key !== "string" || !operationKeyPattern.test(key)) return refuse("malformed");
  const { data } = evidenceBody.safeParse(parseJson(raw));
  if (data === undefined) return refuse("malformed", key);
  acquirer.decideDue();
  const taken = acquirer.disputes.addEvidence(id, key, data.text);
  return typeof taken === "string"
    ? refuse(taken, key)
    : { statusCode: 202, body: { ...disputeOf(id, taken), key, evidence: taken.evidence.length } };
}
