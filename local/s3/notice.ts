import { z } from "zod";

/** Something that a bucket tells somebody, as its journal has it until it is told. */
export const notice = z.object({
  id: z.string(),
  targetArn: z.string(),
  /** JSON text. */
  body: z.string(),
  busEvent: z
    .object({ source: z.string(), detailType: z.string(), resources: z.array(z.string()) })
    .exactOptional(),
});
export type Notice = z.output<typeof notice>;
