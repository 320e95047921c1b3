using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Reflection;

namespace Nub.Memory.Testing;

/// <summary>What a call stack says of an access: which field, whose code, and whether that code reads again on purpose.</summary>
internal sealed class AccessOrigin
{
    private static readonly ConcurrentDictionary<Type, bool> s_views = new();

    public string? Field { get; private init; }

    public string? Place { get; private init; }

    public string? FileName { get; private init; }

    public int Line { get; private init; }

    /// <summary>Whether it was made within a member that carries <see cref="RereadAttribute"/>.</summary>
    public bool IsReread { get; private init; }

    public static AccessOrigin Of(StackTrace? stack)
    {
        string? field = null;
        StackFrame? place = null;
        bool isReread = false;
        foreach (StackFrame frame in stack?.GetFrames() ?? [])
        {
            if (frame.GetMethod() is not { } method)
            {
                continue;
            }

            Type? type = method.DeclaringType;
            if (type?.Assembly == typeof(HostileMemory).Assembly)
            {
                break;
            }

            if (type?.Assembly == typeof(HostSharedMemory).Assembly)
            {
                continue;
            }

            if (place is null && type is not null && s_views.GetOrAdd(type, IsView))
            {
                field ??= FieldName(type, method.Name);
                continue;
            }

            place ??= frame;
            isReread |= IsMarked(method);
        }

        return new AccessOrigin
        {
            Field = field,
            Place = place is null ? null : Describe(place),
            FileName = place?.GetFileName(),
            Line = place?.GetFileLineNumber() ?? 0,
            IsReread = isReread,
        };
    }

    private static bool IsView(Type type) => type.IsValueType && Array.Exists(
        type.GetInterfaces(), candidate => candidate.IsGenericType && candidate.GetGenericTypeDefinition() == typeof(ISharedView<>));

    private static string FieldName(Type view, string method)
    {
        string structure = view.DeclaringType?.Name ?? view.Name;
        string? field = method.StartsWith("get_", StringComparison.Ordinal) || method.StartsWith("set_", StringComparison.Ordinal) ? method[4..]
            : method.StartsWith("TryGet", StringComparison.Ordinal) ? method[6..]
            : null;
        return field is null ? structure : $"{structure}.{field}";
    }

    private static string Describe(StackFrame frame)
    {
        MethodBase method = frame.GetMethod()!;
        (Type? type, string name) = Source(method);
        string text = type is null ? name : $"{type.Name}.{name}";
        return frame.GetFileName() is { } file
            ? string.Create(CultureInfo.InvariantCulture, $"{text} in {Path.GetFileName(file)}:line {frame.GetFileLineNumber()}")
            : text;
    }

    /// <summary>What the source has of a method that the compiler made of a lambda, a local function, an iterator or an async method.</summary>
    private static (Type? Type, string Name) Source(MethodBase method)
    {
        Type? type = method.DeclaringType;
        string name = method.Name;

        // A state machine is a type <Name>d__1, whose MoveNext holds the code.
        if (type is not null && type.Name.StartsWith('<') && type.Name.IndexOf('>') is > 1 and int end)
        {
            return (type.DeclaringType, type.Name[1..end]);
        }

        while (type is not null && type.Name.StartsWith('<') && type.DeclaringType is not null)
        {
            type = type.DeclaringType;
        }

        return (type, name.StartsWith('<') && name.IndexOf('>') is > 1 and int close ? name[1..close] : name);
    }

    private static bool IsMarked(MethodBase method)
    {
        if (method.IsDefined(typeof(RereadAttribute), inherit: false))
        {
            return true;
        }

        (Type? type, string name) = Source(method);
        const BindingFlags any = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
        bool isAccessor = name.StartsWith("get_", StringComparison.Ordinal) || name.StartsWith("set_", StringComparison.Ordinal);
        return (name != method.Name || type != method.DeclaringType || isAccessor) && type is not null && Array.Exists(
            type.GetMember(isAccessor ? name[4..] : name, any), member => member.IsDefined(typeof(RereadAttribute), inherit: false));
    }
}
