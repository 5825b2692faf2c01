/** Addresses of files that the build puts beside the page; Vite's endings. */
declare module '*?url' {
  const url: string;
  // biome-ignore lint/style/noDefaultExport: that is how Vite says it
  export default url;
}
declare module '*?worker&url' {
  const url: string;
  // biome-ignore lint/style/noDefaultExport: that is how Vite says it
  export default url;
}
