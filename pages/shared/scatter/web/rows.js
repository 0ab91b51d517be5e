// Details of rows, for hovering.

import { putDetails } from "./details.js";

export default function ({ data }) {
  putDetails(data.key, data.rows);
}
