import { z } from "zod";
import { errorAnswer, jsonAnswer } from "../door/answers.ts";
import { inputOf } from "../door/call-input.ts";
import type { AwsAnswer, AwsCall, Engine } from "../door/engine.ts";
import type { CatalogPlan, CatalogTable } from "./catalog-plan.ts";

const inputs = {
  database: z.object({ Name: z.string() }),
  table: z.object({ DatabaseName: z.string(), Name: z.string() }),
};

/** Glue's catalog: what the plan says of its databases and tables. */
export function glueEngine({ databases, tables }: CatalogPlan): Engine {
  const database = (name: string): AwsAnswer =>
    databases.includes(name)
      ? jsonAnswer({ Database: { Name: name } })
      : errorAnswer("EntityNotFoundException", `Database ${name} not found.`);
  const table = (databaseName: string, name: string): AwsAnswer => {
    const found = tables.find((each) => each.databaseName === databaseName && each.name === name);
    return found === undefined
      ? errorAnswer("EntityNotFoundException", `Entity Not Found (Service: AWSGlue; table ${name})`)
      : jsonAnswer({ Table: described(found) });
  };
  return {
    service: "glue",
    handle: async (call: AwsCall) => {
      if (call.action === "GetDatabase") {
        const input = inputs.database.safeParse(inputOf(call));
        return input.success ? database(input.data.Name) : invalid(input.error);
      }
      if (call.action === "GetTable") {
        const input = inputs.table.safeParse(inputOf(call));
        return input.success ? table(input.data.DatabaseName, input.data.Name) : invalid(input.error);
      }
      return errorAnswer("UnknownOperationException", `The local Glue catalog does not know ${call.action}.`);
    },
  };
}

const invalid = (error: z.ZodError): AwsAnswer =>
  errorAnswer("InvalidInputException", z.prettifyError(error));

const columns = (list: CatalogTable["partitionKeys"]): object[] =>
  list.map(({ name, type }) => ({ Name: name, Type: type }));

const described = (table: CatalogTable): object => ({
  ...{ DatabaseName: table.databaseName, Name: table.name, TableType: table.tableType },
  ...{ Parameters: table.parameters, PartitionKeys: columns(table.partitionKeys) },
  StorageDescriptor: {
    Columns: columns(table.storageDescriptor.columns),
    Location: table.storageDescriptor.location,
    InputFormat: table.storageDescriptor.inputFormat,
    OutputFormat: table.storageDescriptor.outputFormat,
    SerdeInfo: {
      SerializationLibrary: table.storageDescriptor.serDeInfo.serializationLibrary,
      Parameters: table.storageDescriptor.serDeInfo.parameters,
    },
  },
});
