// Seeds of bugs that the simulation found in the product. They run at every change; docs/reliability.md lists them, and says
// which of them a planted bug of the same name puts back.

export const regressions: readonly { readonly seed: number; readonly name: string }[] = [
  { seed: 96, name: 'requests begin while another looks at the waits' },
  { seed: 6, name: 'a read on demand passes over what is parked' },
  { seed: 316, name: 'what another has committed is published again' },
  { seed: 53_363, name: 'a parked notification goes though nobody has its operation' },
];
