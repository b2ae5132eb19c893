import { InvokeCommand, type LambdaClient } from "@aws-sdk/client-lambda";
import { z } from "zod";
import { Refusal } from "../refusal.ts";

const loaded = z.object({
  made: z.array(z.string()),
  lines: z.number().optional(),
  leftOut: z.number().optional(),
});
export type Loaded = z.output<typeof loaded>;
const failure = z.object({ errorMessage: z.string() });

/**
 * Has the warehouse filled by the stage's own function: whoever asks it need not be its owner.
 * @param day of the archive; what is new on the stream when left out.
 * @throws Refusal with what the function said.
 */
export async function load(
  client: Pick<LambdaClient, "send">,
  tablePrefix: string,
  day?: string,
): Promise<Loaded> {
  const { Payload, FunctionError } = await client.send(
    new InvokeCommand({
      FunctionName: `${tablePrefix}load-warehouse`,
      Payload: JSON.stringify(day === undefined ? {} : { day }),
    }),
  );
  const answer: unknown = JSON.parse(Buffer.from(Payload ?? []).toString() || "null");
  if (FunctionError === undefined) return loaded.parse(answer);
  const said = failure.safeParse(answer);
  throw new Refusal(said.success ? said.data.errorMessage : `${FunctionError}: ${JSON.stringify(answer)}`);
}
