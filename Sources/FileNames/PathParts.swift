// What stands between the slashes of a path: by scalars, since a slash with a combining mark behind it is still a slash.

/// The first one is empty for a path from the root.
package func pathParts(_ path: String) -> [String] {
    path.unicodeScalars.split(separator: "/", omittingEmptySubsequences: false).map { String(Substring($0)) }
}

/// The last of them: the file's own name.
package func fileName(of path: String) -> String { pathParts(path).last ?? path }
