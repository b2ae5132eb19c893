import { RedshiftDataClient } from "@aws-sdk/client-redshift-data";
import { z } from "zod";
import { DataApi } from "#adapters/warehouse/data-api.ts";
import { type RebuiltDay, Warehouse } from "#adapters/warehouse/warehouse.ts";
import { requiredVariable } from "#functions/environment.ts";

const api = new DataApi(new RedshiftDataClient({}), {
  workgroup: requiredVariable("WAREHOUSE_WORKGROUP"),
  database: requiredVariable("WAREHOUSE_DATABASE"),
  secretArn: requiredVariable("WAREHOUSE_OWNER_SECRET_ARN"),
});
/** Of which SQL is told. Redshift reads them itself, in a role of its own. */
const sources = z.object({ stream: z.string(), archive: z.string().optional() });
const warehouse = new Warehouse(api, {
  ...sources.parse(JSON.parse(requiredVariable("WAREHOUSE_SOURCES"))),
  // Lambda's own: files of SQL lie beside the bundle.
  root: process.env["LAMBDA_TASK_ROOT"],
});

/** What a schedule sends has none. */
const request = z.object({ day: z.iso.date().optional() });

interface Answer extends Partial<RebuiltDay> {
  /** Names of migrations that were carried out. */
  readonly made: readonly string[];
}

/**
 * Takes over what the stream brought, or a day of the archive. Whoever asks twice, or beside another, changes nothing by it.
 * @throws StatementFailed with what Redshift said: Lambda tries a schedule's invocation twice more.
 */
export const handler = async (event: unknown): Promise<Answer> => {
  const { day } = request.parse(event);
  const made = await warehouse.migrate();
  if (day !== undefined) return { made, ...(await warehouse.rebuild(day)) };
  await warehouse.load();
  return { made };
};
