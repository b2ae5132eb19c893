import { parseXML } from "@aws-sdk/xml-builder";
import type { z } from "zod";
import { escapeXml } from "../door/answers.ts";
import type { AwsAnswer } from "../door/engine.ts";
import { S3Refusal } from "./refusal.ts";

/** A document that a call brings, checked. @throws S3Refusal when it is none that S3 takes. */
export function documentIn<T>(body: Buffer, schema: z.ZodType<T>): T {
  try {
    return schema.parse(parseXML(body.toString()));
  } catch {
    throw new S3Refusal(
      "MalformedXML",
      "The XML you provided was not well-formed or did not validate against our published schema",
    );
  }
}

/** What stands once in a document and may stand in it often. */
export const listed = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value]);

export const document = (name: string, parts: readonly string[]): string =>
  `<?xml version="1.0" encoding="UTF-8"?><${escapeXml(name)} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${parts.join("")}</${escapeXml(name)}>`;

export const xml = (body: string, headers: Readonly<Record<string, string>> = {}): AwsAnswer => ({
  statusCode: 200,
  headers: { "content-type": "application/xml", ...headers },
  body,
});
