using System.IO.Compression;
using System.Reflection;
using System.Runtime.Loader;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Nub.Package.Tests;

/// <summary>What an editor shows of a package's members: of those that a user can see, and of no others.</summary>
[Trait("Kind", "slow")]
[Collection(nameof(PackedFeed))]
public sealed partial class DocumentationTests(PackedFeed feed)
{
    private const BindingFlags All = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    public static TheoryData<string> Libraries => PackageContentTests.Libraries;

    [Theory]
    [MemberData(nameof(Libraries))]
    public void The_documentation_is_of_what_is_public_alone(string name)
    {
        var context = new AssemblyLoadContext(name, isCollectible: true);
        try
        {
            // What the others build on first.
            Assembly memory = Load(context, "Nub.Memory");
            Assembly assembly = name == "Nub.Memory" ? memory : Load(context, name);
            using ZipArchive package = feed.Open(name);
            using Stream text = package.GetEntry($"lib/net10.0/{name}.xml")!.Open();
            XElement[] members = [.. XDocument.Load(text).Descendants("member")];
            Assert.True(members.Descendants("summary").Count() > 50);

            string[] hidden = [.. members.Select(static member => (string)member.Attribute("name")!).GroupBy(static id => Parameters().Replace(id, ""), StringComparer.Ordinal)
                .Where(group => VisibleOf(assembly, group.Key) < group.Count()).Select(static group => group.Key)];
            Assert.Empty(hidden);
        }
        finally
        {
            context.Unload();
        }
    }

    /// <summary>How many members of that name a user can see.</summary>
    private static int VisibleOf(Assembly assembly, string id)
    {
        string name = id[2..];
        if (id[0] == 'T')
        {
            return TypeOf(assembly, name) is { } type && IsVisible(type) ? 1 : 0;
        }

        int dot = name.LastIndexOf('.');
        string member = Arity().Replace(name[(dot + 1)..], "").Replace('#', '.');
        return TypeOf(assembly, name[..dot]) is { } owner && IsVisible(owner) ? owner.GetMember(member, All).Count(IsVisible) : 0;
    }

    // A documentation's name has a dot before a nested type, and metadata a plus.
    private static Type? TypeOf(Assembly assembly, string name)
    {
        for (int dot = name.Length; dot > 0; dot = name.LastIndexOf('.', dot - 1))
        {
            if (assembly.GetType(dot == name.Length ? name : $"{name[..dot]}+{name[(dot + 1)..].Replace('.', '+')}") is { } type)
            {
                return type;
            }
        }

        return null;
    }

    private static bool IsVisible(Type type) => type.IsNested ? (type.IsNestedPublic || type.IsNestedFamily || type.IsNestedFamORAssem) && IsVisible(type.DeclaringType!) : type.IsPublic;

    private static bool IsVisible(MemberInfo member) => member switch
    {
        MethodBase method => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly,
        FieldInfo field => field.IsPublic || field.IsFamily || field.IsFamilyOrAssembly,
        PropertyInfo property => property.GetAccessors(nonPublic: true).Any(IsVisible),
        EventInfo one => IsVisible(one.AddMethod!),
        _ => false,
    };

    private Assembly Load(AssemblyLoadContext context, string name)
    {
        using ZipArchive package = feed.Open(name);
        using Stream entry = package.GetEntry($"lib/net10.0/{name}.dll")!.Open();
        using var image = new MemoryStream();
        entry.CopyTo(image);
        image.Position = 0;
        return context.LoadFromStream(image);
    }

    [GeneratedRegex(@"\(.*$|~.*$")]
    private static partial Regex Parameters();

    [GeneratedRegex(@"``\d+$")]
    private static partial Regex Arity();
}
