// Which TypeScript files are the project's own.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Every folder with code; the tools get them by name, so that a new one is a decision. */
export const codeFolders = ['functions', 'src', 'dev', 'bench', 'test'] as const;

/** @returns paths relative to the root with `/`, sorted. Folders that don't exist have none. */
export async function sourceFiles(
  root: string,
  folders: readonly string[] = codeFolders,
): Promise<readonly string[]> {
  const perFolder = await Promise.all(folders.map((folder) => filesBelow(root, folder)));
  return perFolder.flat().toSorted();
}

async function filesBelow(root: string, folder: string): Promise<readonly string[]> {
  try {
    const names = await readdir(join(root, folder), { recursive: true });
    return names
      .filter((name) => name.endsWith('.ts'))
      .map((name) => `${folder}/${name.replaceAll('\\', '/')}`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
