#:property EnforceCodeStyleInBuild=false
// Puts what a member inherits by <inheritdoc cref="…"/> in its place: docfx adds it to what the member says itself, so that a parameter that is described anew would have two descriptions.
// Usage: dotnet run build/site/StageDocumentation.cs -- <folder with assemblies' XML documentation>
using System.Xml.Linq;

(string Path, XDocument Document)[] all = [.. Directory.GetFiles(args[0], "*.xml").Select(static path => (path, XDocument.Load(path, LoadOptions.PreserveWhitespace)))];
ILookup<string, XElement> members = all.SelectMany(static one => one.Document.Descendants("member")).ToLookup(static member => (string)member.Attribute("name")!);
int inherited = 0;
foreach (IGrouping<string, XElement> one in members)
{
    Resolve(one.First(), depth: 0);
}

foreach ((string path, XDocument document) in all)
{
    document.Save(path, SaveOptions.DisableFormatting);
}

Console.WriteLine($"{inherited} inherited descriptions");

// What is named by a path, inherited from a base, or of another library, is left to docfx.
void Resolve(XElement member, int depth)
{
    foreach (XElement inheritance in member.Elements("inheritdoc").Where(static one => one.Attribute("path") is null).ToArray())
    {
        if ((string?)inheritance.Attribute("cref") is not { } source || members[source].FirstOrDefault() is not { } from)
        {
            continue;
        }

        if (depth > 8)
        {
            throw new InvalidOperationException($"The documentation of {(string?)member.Attribute("name")} is inherited in a circle.");
        }

        Resolve(from, depth + 1);
        inheritance.ReplaceWith(from.Elements().Where(element => !member.Elements().Any(own => IsSame(own, element))).Select(static element => new XElement(element)).ToArray());
        inherited++;
    }
}

static bool IsSame(XElement own, XElement other) =>
    own.Name == other.Name && (string?)own.Attribute("name") == (string?)other.Attribute("name") && (string?)own.Attribute("cref") == (string?)other.Attribute("cref");
