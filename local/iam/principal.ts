import { z } from "zod";

/** Who asks for something, as policies of resources name it. */
export type Requester =
  | { readonly kind: "role"; readonly roleArn: string; readonly sessionArn: string; readonly account: string }
  /** `events.amazonaws.com`, on behalf of something of the estate. */
  | { readonly kind: "service"; readonly name: string };

/** `account`: the statement speaks of all who are in the account, and leaves it to the account whom it lets in. */
type PrincipalMatch = "named" | "account" | "none";

/** How a statement's `Principal` stands to whoever asks. */
export type PrincipalPattern = (requester: Requester) => PrincipalMatch;

const oneOrMore = z.union([z.string().transform((text) => [text]), z.array(z.string()).min(1)]);

/** Nobody here asks as a user of an identity provider or as a canonical user of S3: those match nothing. */
export const principalSchema = z.union([
  z.literal("*").transform(() => ({ AWS: ["*"], Service: [] as string[] })),
  z
    .strictObject({
      AWS: oneOrMore.default([]),
      Service: oneOrMore.default([]),
      Federated: oneOrMore.optional(),
      CanonicalUser: oneOrMore.optional(),
    })
    .transform(({ AWS, Service }) => ({ AWS, Service })),
]);

/** `*` is everyone, AWS's services too. There are no other wildcards in principals. */
export function principalOf({ AWS, Service }: z.output<typeof principalSchema>): PrincipalPattern {
  const named = new Set([...AWS, ...Service]);
  return (requester) => {
    if (AWS.includes("*")) return "named";
    if (requester.kind === "service") return Service.includes(requester.name) ? "named" : "none";
    const { roleArn, sessionArn, account } = requester;
    if (named.has(roleArn) || named.has(sessionArn)) return "named";
    return named.has(account) || named.has(`arn:aws:iam::${account}:root`) ? "account" : "none";
  };
}
