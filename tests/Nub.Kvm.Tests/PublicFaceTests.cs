using System.Reflection;
using System.Runtime.CompilerServices;
using System.Xml.Linq;
using Nub.Memory;

namespace Nub.Kvm.Tests;

/// <summary>What a user can see: the XML documentation that ships has that and nothing else, and Nub.Kvm uses no more of Nub.Memory.</summary>
public sealed class PublicFaceTests
{
    [Theory]
    [InlineData(typeof(KvmSystem))]
    [InlineData(typeof(SharedMemory))]
    public void It_has_every_public_type_and_no_other(Type anyOfTheAssembly)
    {
        string[] documented = [.. Names(anyOfTheAssembly).Where(name => name.StartsWith("T:", StringComparison.Ordinal)).Select(name => name[2..]).Order()];
        string[] exported = [.. anyOfTheAssembly.Assembly.GetExportedTypes().Select(type => type.FullName!.Replace('+', '.')).Order()];
        Assert.Equal(exported, documented);
    }

    [Theory]
    [InlineData(typeof(KvmSystem))]
    [InlineData(typeof(SharedMemory))]
    public void Its_members_are_public_or_protected(Type anyOfTheAssembly)
    {
        const BindingFlags any = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
        var visible = anyOfTheAssembly.Assembly.GetExportedTypes()
            .SelectMany(type => type.GetMembers(any).Where(IsVisible).Select(member => $"{type.FullName!.Replace('+', '.')}.{member.Name.Replace('.', '#')}"))
            .ToHashSet();
        string[] members = [.. Names(anyOfTheAssembly).Where(name => !name.StartsWith("T:", StringComparison.Ordinal))];
        Assert.NotEmpty(members);

        // Up to the parameters, and to the number of type parameters.
        Assert.DoesNotContain(members, name => !visible.Contains(name[2..].Split('(')[0].Split("``")[0]));
    }

    [Fact]
    public void Nothing_but_tests_and_what_serves_them_sees_the_internals_of_what_this_stands_on() => Assert.All(
        typeof(SharedMemory).Assembly.GetCustomAttributes<InternalsVisibleToAttribute>(),
        friend => Assert.Contains(friend.AssemblyName, (string[])["Nub.Memory.Tests", "Nub.Memory.Child", "Nub.Memory.Testing"]));

    private static bool IsVisible(MemberInfo member) => member switch
    {
        MethodBase method => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly,
        FieldInfo field => field.IsPublic || field.IsFamily || field.IsFamilyOrAssembly,
        PropertyInfo property => property.GetAccessors(nonPublic: true).Any(IsVisible),
        EventInfo @event => IsVisible(@event.AddMethod!),
        _ => false,
    };

    private static IEnumerable<string> Names(Type anyOfTheAssembly) =>
        XDocument.Load(Path.ChangeExtension(anyOfTheAssembly.Assembly.Location, ".xml")).Descendants("member").Select(member => (string)member.Attribute("name")!);
}
