/** An outcome that KMS defines as an exception. Thrown by what acts, and answered by the engine. */
export class KmsException extends Error {
  readonly code: string;
  constructor(code: string, message = "") {
    super(message);
    this.code = code;
  }
}
