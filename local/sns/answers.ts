import { randomUUID } from "node:crypto";
import { escapeXml } from "../door/answers.ts";
import type { AwsAnswer } from "../door/engine.ts";

export const contentType = "text/xml";
export const namespace = "http://sns.amazonaws.com/doc/2010-03-31/";

export const element = (name: string, text: string): string => `<${name}>${escapeXml(text)}</${name}>`;

export const list = <T>(name: string, items: readonly T[], member: (item: T) => string): string =>
  `<${name}>${items.map((item) => `<member>${member(item)}</member>`).join("")}</${name}>`;

export const attributeEntries = (attributes: Readonly<Record<string, string>>): string =>
  `<Attributes>${Object.entries(attributes)
    .map(([key, value]) => `<entry>${element("key", key)}${element("value", value)}</entry>`)
    .join("")}</Attributes>`;

/** SNS's answer to an action, in its query protocol. */
export function answer(action: string, result: string): AwsAnswer {
  const metadata = `<ResponseMetadata>${element("RequestId", randomUUID())}</ResponseMetadata>`;
  const body = `<${action}Response xmlns="${namespace}"><${action}Result>${result}</${action}Result>${metadata}</${action}Response>`;
  return { statusCode: 200, headers: { "content-type": contentType }, body };
}
