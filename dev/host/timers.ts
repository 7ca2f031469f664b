// stub
export async function listenToTimer(..._given: unknown[]): Promise<void> {}
