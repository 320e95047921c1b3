using System.Reflection;
using System.Runtime.InteropServices;
using Nub.Memory;

namespace Nub.Tool.Assemblies;

/// <summary>Reads the marked structs of an assembly from its metadata. None of its code is loaded or run.</summary>
internal sealed class AssemblyReader : IDisposable
{
    private readonly MetadataLoadContext _context;
    private readonly Assembly _assembly;
    private readonly StructReader _structs = new();

    /// <exception cref="ToolException">It is no assembly.</exception>
    public AssemblyReader(string path)
    {
        string full = Path.GetFullPath(path);
        if (!File.Exists(full))
        {
            throw new ToolException($"There is no file {path}.");
        }

        string[] beside = Directory.GetFiles(Path.GetDirectoryName(full)!, "*.dll");
        string[] framework = Directory.GetFiles(RuntimeEnvironment.GetRuntimeDirectory(), "*.dll");

        // A library's output has not what its packages bring, so the attributes are looked for beside this tool as well. Of each name one file: the context
        // refuses a second.
        string[] all = [full, .. framework, .. beside, typeof(LayoutAttribute).Assembly.Location];
        _context = new MetadataLoadContext(new PathAssemblyResolver(all.DistinctBy(Path.GetFileName)), "System.Private.CoreLib");
        try
        {
            _assembly = _context.LoadFromAssemblyPath(full);
        }
        catch (Exception e) when (e is BadImageFormatException or FileLoadException)
        {
            _context.Dispose();
            throw new ToolException($"{path} is no assembly that can be read: {e.Message}", e);
        }
    }

    /// <summary>All structs with <c>[AllValid]</c>, <c>[ValidateOnRead]</c> or <c>[Layout]</c>, in the order of their names.</summary>
    /// <exception cref="ToolException">Something that they need is missing or damaged.</exception>
    public IReadOnlyList<NetStruct> Read()
    {
        try
        {
            return [.. _assembly.GetTypes().Where(IsMarked).OrderBy(static type => type.FullName, StringComparer.Ordinal).Select(type => _structs.Read(type))];
        }
        // Whatever: of an assembly that is damaged, or does not fit those beside it, the framework's reader does not say what it throws.
        catch (Exception e) when (e is not ToolException and not OutOfMemoryException)
        {
            string reason = e is ReflectionTypeLoadException { LoaderExceptions: [{ } first, ..] } ? first.Message : e.Message;
            throw new ToolException($"The structs of {_assembly.GetName().Name} cannot be read: {reason}", e);
        }
    }

    public void Dispose()
    {
        _structs.Dispose();
        _context.Dispose();
    }

    private static bool IsMarked(Type type) =>
        type is { IsValueType: true, IsEnum: false }
        && type.GetCustomAttributesData().Any(static data => data.AttributeType.FullName is "Nub.Memory.AllValidAttribute" or "Nub.Memory.ValidateOnReadAttribute" or "Nub.Memory.LayoutAttribute");
}
