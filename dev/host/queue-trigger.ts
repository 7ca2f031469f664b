// stub
export async function listenToQueue(..._given: unknown[]): Promise<void> {}
