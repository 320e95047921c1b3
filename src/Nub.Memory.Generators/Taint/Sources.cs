using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;
using Nub.Memory.Generators.Dataflow.Calls;
using Nub.Memory.Generators.Layout;
using Nub.Memory.Generators.Symbols;

namespace Nub.Memory.Generators.Taint;

/// <summary>Where a guest's bytes and numbers come in, and where time passes in which the guest is to change them: a line of a table for each type.</summary>
internal static class Sources
{
    private static readonly string[] s_atomics = ["CompareExchange", "Exchange", "Add", "And", "Or", "TryCompareExchange", "TryExchange", "TryAdd", "TryAnd", "TryOr"];

    // What reads bytes of a memory, of guest addresses, or of a lease of either. What each takes is evaluated in ValueAnalysis.SharedMemory.
    private static readonly HashSet<string> s_reads = new(
        ["Read", "TryRead", "TryReadValidated", "CopyTo", "TryCopyTo", "ReadArray", "TryReadArray", .. s_atomics], StringComparer.Ordinal);

    // What only asks a memory something, shows a part of it or copies it into a file.
    private static readonly HashSet<string> s_questions = new(["Contains", "IsSameMemory", "StackAt", "WriteTo", "TryWriteTo", "ToString"], StringComparer.Ordinal);

    // What gives a number of the guest's choice that stands at no place of a memory, or is read but once, in the other packages: the result, or else the first
    // argument where that is out. How many bytes an exit has, and why it came, the host knows.
    private static readonly Dictionary<string, string[]> s_values = new(StringComparer.Ordinal)
    {
        ["VirtualProcessor"] = ["Run", "CompleteExit", "GetRegisters", "GetSpecialRegisters", "GetDebugRegisters", "GetFloatingPointState", "GetExtendedState", "GetMsr"],
        ["VirtualMachine"] = ["TryTakeCoalescedWrite"],
        ["VmExit"] = ["Data", "Address", "Port"],
        ["CoalescedWrite"] = ["Address", "Value"],
        ["ChainReader"] = ["TryRead"],
        ["SharedRingConsumer"] = ["TryRead", "Read"],
        ["SharedBroadcastConsumer"] = ["TryRead"],
    };

    // What lets time pass in which the guest is meant to do something: what is read after it is read anew.
    private static readonly (string Types, string[] Members)[] s_pauses =
    [
        ("Thread", ["Sleep", "Yield", "Join", "SpinWait", "MemoryBarrier"]),
        ("SpinWait Task SemaphoreSlim ManualResetEventSlim CountdownEvent Barrier", ["SpinOnce", "SpinUntil", "Wait", "WaitAll", "WaitAny", "SignalAndWait"]),
        ("Interlocked", ["MemoryBarrier", "MemoryBarrierProcessWide"]),
        ("Monitor", ["Wait", "Pulse", "PulseAll"]),
        ("EventWaitHandle ManualResetEventSlim", ["Set"]),
        ("BlockingCollection", ["Take", "TryTake", "TakeFromAny", "TryTakeFromAny"]),
        ("Process", ["WaitForExit"]),
        ("*", ["WaitOne", "WaitAll", "WaitAny"]),
    ];

    /// <summary>Whether a member gives a number of the guest's choice that stands at no place of a memory.</summary>
    public static bool IsValue(ISymbol member)
    {
        // What fills a buffer says how much it was, which was judged there.
        bool fillsBuffer = member is IMethodSymbol { Parameters: [{ Type.IsRefLikeType: true }, ..] };
        return !fillsBuffer && member.ContainingType is { } type && s_values.TryGetValue(type.Name, out string[]? members) && Array.IndexOf(members, member.Name) >= 0 && type.IsInPackage();
    }

    /// <summary>Whether bytes of a guest's may come out of a member: to write, or to hand a memory on, brings in none.</summary>
    public static bool Reads(ISymbol member) => IsSource(member) && (!SharedTypes.IsMemory(member.ContainingType) || s_reads.Contains(member.Name));

    /// <summary>Whether bytes of a guest's come in by an operation: a call, or a parser that is handed to a pop.</summary>
    public static bool IsRead(IOperation operation) => operation.Kind switch
    {
        OperationKind.Invocation => Reads(((IInvocationOperation)operation).TargetMethod),
        OperationKind.PropertyReference => Reads(((IPropertyReferenceOperation)operation).Property),
        OperationKind.DelegateCreation => SharedTypes.IsParser(operation.Type),
        OperationKind.DeconstructionAssignment or OperationKind.RecursivePattern => Deconstruction.MethodOf(operation) is { } method && Reads(method),
        _ => false,
    };

    /// <summary>Whether a member reads and writes at once.</summary>
    public static bool IsAtomic(ISymbol member) => Array.IndexOf(s_atomics, member.Name) >= 0;

    /// <summary>Whether a call of a memory, or of a lease of one, leaves its bytes as they are.</summary>
    public static bool WritesNothing(IMethodSymbol method) =>
        s_questions.Contains(method.Name) && (SharedTypes.IsMemory(method.ContainingType) || method.ContainingType.IsMemory());

    /// <summary>Whether a call lets time pass in which the guest is meant to do something.</summary>
    public static bool LetsGuestRun(IMethodSymbol method)
    {
        string type = method.ContainingType.Name;
        if ((type, method.Name) is ("VirtualProcessor", "Run") or ("GuestSharedMemory", "EnterGuest"))
        {
            return true;
        }

        foreach ((string types, string[] members) in s_pauses)
        {
            if (Array.IndexOf(members, method.Name) >= 0 && (types == "*" || Array.IndexOf(types.Split(' '), type) >= 0))
            {
                return FrameworkTypes.IsFrameworks(method.ContainingType);
            }
        }

        return false;
    }

    // It runs for every call in a project: the name alone excludes nearly all of them.
    private static bool IsSource(ISymbol member)
    {
        INamedTypeSymbol? type = member.ContainingType;
        return (HasNameOfSource(type) && (SharedTypes.IsMemory(type) || IsValue(member) || SharedTypes.IsStack(type) || SharedTypes.ViewedBy(type) is not null || SharedTypes.ElementsOf(type) is not null))
            || (member is IMethodSymbol { ReturnType: var made } && SharedTypes.HasNameOfView(made) && (SharedTypes.ViewedBy(made) is not null || SharedTypes.ElementsOf(made) is not null));
    }

    private static bool HasNameOfSource(ITypeSymbol? type) =>
        type is not null && (SharedTypes.HasNameOfMemory(type) || type.Name == "SharedStack" || s_values.ContainsKey(type.Name) || SharedTypes.HasNameOfView(type));
}
