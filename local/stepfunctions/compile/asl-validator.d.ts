/** asl-validator ships no typings: this is what its `validator.ts` exports. */
declare module "asl-validator" {
  interface AslError {
    readonly "Error code": string;
    readonly Message: string;
  }

  interface AslVerdict {
    readonly isValid: boolean;
    readonly errors: readonly AslError[];
  }

  /** Fills in `QueryLanguage` in the states of `definition`. */
  function validate(definition: object): AslVerdict;

  export = validate;
}
