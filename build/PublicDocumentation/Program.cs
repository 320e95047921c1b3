using System.Xml.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

// Leaves in an assembly's XML documentation what its users can see. The compiler writes what every member has, internal ones too, and
// editors would show them.
//
//   PublicDocumentation LIST     a file with a path on each line: the assembly, its documentation, and the assembly's references
if (args is not [string list] || File.ReadAllLines(list) is not [string assembly, string documentation, .. string[] references])
{
    Console.Error.WriteLine("PublicDocumentation: a file is expected that lists an assembly, its documentation, and its references.");
    return 2;
}

MetadataReference reference = MetadataReference.CreateFromFile(assembly);
var compilation = CSharpCompilation.Create("references", references: [reference, .. references.Select(path => MetadataReference.CreateFromFile(path))]);
var visible = new HashSet<string>(StringComparer.Ordinal);
Gather(((IAssemblySymbol)compilation.GetAssemblyOrModuleSymbol(reference)!).GlobalNamespace, visible);

var document = XDocument.Load(documentation, LoadOptions.PreserveWhitespace);
XElement[] members = [.. document.Descendants("member")];
foreach (XElement member in members)
{
    if (!visible.Contains((string)member.Attribute("name")!))
    {
        // With the line break behind it.
        (member.NextNode as XText)?.Remove();
        member.Remove();
    }
}

// What is inherited from a member that has gone would be gone as well, without a word.
string[] dangling = [.. document.Descendants("inheritdoc")
    .Select(inherited => (string?)inherited.Attribute("cref"))
    .OfType<string>()
    .Where(source => members.Any(member => (string?)member.Attribute("name") == source) && !visible.Contains(source))
    .Distinct()];
foreach (string source in dangling)
{
    Console.Error.WriteLine($"{documentation}: error NUBDOC: a public member inherits its documentation from {source}, which is not public.");
}

document.Save(documentation, SaveOptions.DisableFormatting);
return dangling.Length == 0 ? 0 : 1;

static void Gather(INamespaceOrTypeSymbol container, HashSet<string> visible)
{
    foreach (ISymbol member in container.GetMembers())
    {
        if (member is not INamespaceSymbol)
        {
            if (member.DeclaredAccessibility is not (Accessibility.Public or Accessibility.Protected or Accessibility.ProtectedOrInternal))
            {
                continue;
            }

            visible.Add(member.GetDocumentationCommentId()!);
        }

        if (member is INamespaceOrTypeSymbol inner)
        {
            Gather(inner, visible);
        }
    }
}
