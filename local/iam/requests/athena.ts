import { workgroupOf } from "../../athena/workgroup-plan.ts";
import { type Input, inputOf, textIn } from "../../door/call-input.ts";
import { readerOf } from "./named.ts";
import type { AccessReader } from "./reader.ts";

/** Everything in Athena belongs to a workgroup, and is asked about as that. */
export const athenaRequests: AccessReader = (call, estate) => {
  const { workgroups, namedQueries, region, account } = estate;
  const input = inputOf(call);
  if (input === undefined) return undefined;
  const named = textsIn(input, "NamedQueryIds", "NamedQueryId").map((id) => namedQueries.get(id));
  const executed = textsIn(input, "QueryExecutionIds", "QueryExecutionId").map((id) =>
    workgroupOf(id, workgroups),
  );
  const [own = "primary"] = textsIn(input, "WorkGroup");
  const asked = [...new Set([...named, ...executed])];
  return (asked.length > 0 ? asked : [own]).map((workgroup) => ({
    action: `athena:${call.action}`,
    // What is in no workgroup is nobody's.
    resource: workgroup === undefined ? "*" : `arn:aws:athena:${region}:${account}:workgroup/${workgroup}`,
    context: () => undefined,
  }));
};

/** To see a table is asked of it, of its database and of the catalog. */
export const glueRequests: AccessReader = readerOf("glue", {
  resources: (input, action) => {
    const inDatabase = textIn(input, "DatabaseName");
    const name = textIn(input, "Name") ?? textIn(input, "TableName");
    const database = action === "GetDatabase" ? name : inDatabase;
    return [
      "catalog",
      ...(database === undefined ? [] : [`database/${database}`]),
      ...(inDatabase === undefined || name === undefined ? [] : [`table/${inDatabase}/${name}`]),
    ];
  },
  arn: (name, place) => `arn:aws:glue:${place}:${name}`,
  actions: {},
});

/** Texts in a member, or in a list of them. */
const textsIn = (input: Input, ...members: readonly string[]): readonly string[] =>
  members.flatMap((member) => {
    const value = input[member];
    return (Array.isArray(value) ? value : [value]).filter((each) => typeof each === "string");
  });
