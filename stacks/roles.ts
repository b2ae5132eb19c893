/**
 * Lets one AWS service assume a role, and nobody else. (SST's function roles would also trust every principal of the
 * account, through its root.)
 */
export function trustOnly(service: string, conditions?: $util.Input<object>): $util.Output<string> {
  return $jsonStringify({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: { Service: service },
        Action: "sts:AssumeRole",
        ...(conditions && { Condition: conditions }),
      },
    ],
  });
}
