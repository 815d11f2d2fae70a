// This file is compiled, never run.

type Same<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Compiles only when the type of the argument is exactly the type named. */
export function exactly<Expected>() {
  return <Actual,>(_value: Actual, _same: Same<Actual, Expected>): void => undefined;
}
