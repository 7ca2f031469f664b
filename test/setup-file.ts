// Runs before each test file.
import { registerAfterFile } from './after-file.ts';

registerAfterFile();
