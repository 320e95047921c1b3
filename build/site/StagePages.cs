#:property EnforceCodeStyleInBuild=false
// Copies the pages to where docfx builds the site from: without what only the tests read, with links to files that the site does not have turned into addresses of the repository, and with the
// tables of contents that docs/README.md is the source of. Usage: dotnet run build/site/StagePages.cs -- <repository> <folder>
using System.Text.RegularExpressions;

string root = Path.GetFullPath(args[0]), staged = Path.GetFullPath(args[1]);
string home = Regex.Match(File.ReadAllText(Path.Combine(root, "Directory.Build.props")), @"https://github\.com/[^/<]+/[^/<]+").Value;
string[] pages = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", .. Find("docs", "*.md"), .. Find("samples", "README.md"), .. Find("src", "README.md")];
string[] pictures = [.. Find("docs", "*.svg"), .. Find("docs", "*.png")];
HashSet<string> onSite = [.. pages, .. pictures];

foreach (string page in pages)
{
    string text = File.ReadAllText(Path.Combine(root, page)).ReplaceLineEndings("\n");
    text = Regex.Replace(text, @"^<!--.*?-->\n", "", RegexOptions.Multiline | RegexOptions.Singleline);
    text = Regex.Replace(text, @"^\[//\]: # "".*""\n", "", RegexOptions.Multiline);
    text = Regex.Replace(text, @"^```csharp (?:wrong|right)$", "```csharp", RegexOptions.Multiline);
    text = Regex.Replace(text, @"\]\((?<target>[^()\s]+)\)", match => $"]({Link(page, match.Groups["target"].Value)})");
    Write(page, text);
    if (page == "README.md")
    {
        Write("index.md", text);
    }
}

foreach (string picture in pictures)
{
    Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(staged, picture))!);
    File.Copy(Path.Combine(root, picture), Path.Combine(staged, picture), overwrite: true);
}

Write("toc.yml", "- name: Documentation\n  href: docs/\n- name: API\n  href: api/\n");
Write("docs/toc.yml", TableOfContents(File.ReadAllLines(Path.Combine(root, "docs", "README.md"))));
Console.WriteLine($"{pages.Length} pages, {pictures.Length} pictures");

IEnumerable<string> Find(string folder, string pattern) => Directory.EnumerateFiles(Path.Combine(root, folder), pattern, SearchOption.AllDirectories)
    .Select(path => Path.GetRelativePath(root, path).Replace('\\', '/')).Where(static path => !path.Split('/').Any(static part => part is "bin" or "obj" or "TestResults"))
    .Where(static path => !path.Contains("AnalyzerReleases.", StringComparison.Ordinal)).Order(StringComparer.Ordinal);

void Write(string path, string text)
{
    string whole = Path.Combine(staged, path);
    Directory.CreateDirectory(Path.GetDirectoryName(whole)!);
    File.WriteAllText(whole, text);
}

// A page of the site by its relative path, whether the link has that or the repository's address; anything else of the repository by its address.
string Link(string page, string target)
{
    string own = $"{home}/blob/main/";
    if (target.StartsWith('#') || target.Contains("://", StringComparison.Ordinal) && !target.StartsWith(own, StringComparison.Ordinal))
    {
        return target;
    }

    string[] parts = target.Split('#', 2);
    string anchor = parts.Length == 2 ? $"#{parts[1]}" : "";
    string folder = Path.GetDirectoryName(page)!;
    string path = target.StartsWith(own, StringComparison.Ordinal) ? parts[0][own.Length..]
        : Path.GetRelativePath(root, Path.GetFullPath(Path.Combine(root, folder, parts[0]))).Replace('\\', '/');
    path = onSite.Contains($"{path.TrimEnd('/')}/README.md") ? $"{path.TrimEnd('/')}/README.md" : path;
    return onSite.Contains(path) ? Path.GetRelativePath(Path.Combine(root, folder), Path.Combine(root, path)).Replace('\\', '/') + anchor
        : $"{home}/{(Directory.Exists(Path.Combine(root, path)) ? "tree" : "blob")}/main/{path}{anchor}";
}

// A heading is a group, and each link of its list is a page of it.
static string TableOfContents(string[] index)
{
    var lines = new List<string> { "- name: Documentation", "  href: README.md" };
    foreach (string line in index)
    {
        if (line.StartsWith("## ", StringComparison.Ordinal))
        {
            lines.Add($"- name: {line[3..]}");
            lines.Add("  items:");
        }
        else if (lines[^1] == "  items:" && !line.StartsWith("- ", StringComparison.Ordinal) && line.Length > 0)
        {
            lines.RemoveRange(lines.Count - 2, 2);       // prose and no list
        }
        else if (line.StartsWith("- ", StringComparison.Ordinal) || line.StartsWith("  [", StringComparison.Ordinal))
        {
            foreach (Match link in Regex.Matches(line, @"\[(?<name>[^\]]+)\]\((?<target>[^()\s#]+)\)"))
            {
                string name = link.Groups["name"].Value;
                lines.Add($"  - name: \"{char.ToUpperInvariant(name[0])}{name[1..]}\"");
                lines.Add($"    href: {link.Groups["target"].Value}");
            }
        }
    }

    return string.Join('\n', lines) + "\n";
}
