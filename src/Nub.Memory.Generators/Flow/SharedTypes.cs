using Microsoft.CodeAnalysis;
using Nub.Memory.Generators.Layout;

namespace Nub.Memory.Generators.Flow;

/// <summary>How the runtime's types, and those that the generator makes, are recognised.</summary>
internal static class SharedTypes
{
    /// <summary>A handle of shared memory, the guest addresses of several, or a lease of either: for the flow of bytes they are the memory.</summary>
    public static bool IsMemory(ITypeSymbol? type) => type is not null && HasNameOfMemory(type) && type.IsInNub();

    private static bool HasNameOfMemory(ITypeSymbol? type) => type?.Name is "HostSharedMemory" or "HostLease" or "GuestAddressSpace" or "GuestAddressLease";

    public static bool IsStack(ITypeSymbol? type) => type is { Name: "SharedStack" } && type.IsInNub();

    public static bool IsParser(ITypeSymbol? type) => type is { Name: "SharedStackParser" or "SharedStackTryParser" } && type.IsInNub();

    /// <summary>What a <c>View</c> or a <c>SharedView</c> shows.</summary>
    public static ITypeSymbol? ViewedBy(ITypeSymbol? type) => type switch
    {
        INamedTypeSymbol { Name: "SharedView" or "AtomicField", TypeArguments: [var viewed] } when type.IsInNub() => viewed,
        INamedTypeSymbol { IsRefLikeType: true, ContainingType: { } viewed } view when IsNameOfView(view.Name) && (viewed.IsAllValid() || viewed.IsValidateOnRead()) => viewed,
        _ => null,
    };

    /// <summary>What the elements of an <c>SharedViews</c> or a <c>SharedArrayView</c> are, or those that an enumerator of one goes through.</summary>
    public static ITypeSymbol? ElementsOf(ITypeSymbol? type) => type switch
    {
        INamedTypeSymbol { Name: "Enumerator", ContainingType: { } array } => ElementsOf(array),
        INamedTypeSymbol { Name: "SharedArrayView", TypeArguments: [var element] } when type.IsInNub() => element,
        INamedTypeSymbol { Name: "SharedViews", TypeArguments: [var element, _] } when type.IsInNub() => element,
        _ => null,
    };

    /// <summary>What a machine has told of its guest: why and with what it was left, or what it has written.</summary>
    public static bool IsOfExit(ITypeSymbol? type) => type is { Name: "VmExit" or "CoalescedWrite" } && type.IsInKvm();

    /// <summary>Whether a member of a machine gives what its guest has chosen. How many bytes an exit has, and why it came, the host knows.</summary>
    public static bool IsOfMachine(ISymbol member) => (member.ContainingType?.Name, member.Name) switch
    {
        ("VirtualProcessor", "Run" or "CompleteExit" or "GetRegisters" or "GetSpecialRegisters" or "GetDebugRegisters" or "GetFloatingPointState" or "GetExtendedState" or "GetMsr")
            or ("VirtualMachine", "TryTakeCoalescedWrite")
            or ("VmExit", "Data" or "Address" or "Port")
            or ("CoalescedWrite", "Address" or "Value") => member.ContainingType!.IsInKvm(),
        _ => false,
    };

    /// <summary>Whether a method is one through which bytes of a guest's come in.</summary>
    /// <remarks>It is asked of every call in a project: the name alone tells of nearly all of them.</remarks>
    public static bool IsSource(ISymbol member)
    {
        INamedTypeSymbol? type = member.ContainingType;
        return (HasNameOfSource(type) && (IsMemory(type) || IsOfMachine(member) || IsStack(type) || ViewedBy(type) is not null || ElementsOf(type) is not null))
            || (member is IMethodSymbol { ReturnType: var made } && HasNameOfView(made) && (ViewedBy(made) is not null || ElementsOf(made) is not null));
    }

    private static bool HasNameOfSource(ITypeSymbol? type) =>
        HasNameOfMemory(type) || type?.Name is "SharedStack" or "VirtualProcessor" or "VirtualMachine" or "VmExit" or "CoalescedWrite" || HasNameOfView(type);

    private static bool HasNameOfView(ITypeSymbol? type) => type?.Name is "SharedArrayView" or "SharedViews" or "AtomicField" or "Enumerator" || (type is not null && IsNameOfView(type.Name));

    // View, or where a field has that name FooView, and SharedView.
    private static bool IsNameOfView(string name) => name.EndsWith("View", StringComparison.Ordinal);

    /// <summary>Whether bytes of a guest's may come out of a member: to write, or to hand a memory on, brings in none.</summary>
    public static bool Reads(ISymbol member) => IsSource(member)
        && (!IsMemory(member.ContainingType) || member.Name is "Read" or "TryRead" or "TryReadValidated" or "CopyTo" or "TryCopyTo" or "ReadArray" or "TryReadArray" || IsAtomic(member));

    /// <summary>Whether a member reads and writes at once.</summary>
    public static bool IsAtomic(ISymbol member) => member.Name is "CompareExchange" or "Exchange" or "Add" or "And" or "Or"
        or "TryCompareExchange" or "TryExchange" or "TryAdd" or "TryAnd" or "TryOr";

    /// <summary>Whether a property stores what it is given in a field of its own.</summary>
    public static bool IsAuto(IPropertySymbol property)
    {
        if (property.IsIndexer || property.IsVirtual || property.IsOverride || property.IsAbstract)
        {
            return false;
        }

        // By the name that the compiler gives it: a class may have hundreds of members.
        foreach (ISymbol member in property.ContainingType.GetMembers($"<{property.Name}>k__BackingField"))
        {
            if (member is IFieldSymbol { AssociatedSymbol: { } associated } && SymbolEqualityComparer.Default.Equals(associated, property))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether a call lets time pass in which the guest is meant to do something: what is read after it is read anew.</summary>
    public static bool LetsGuestRun(IMethodSymbol method) => (method.ContainingType.Name, method.Name) switch
    {
        ("VirtualProcessor", "Run") or ("GuestSharedMemory", "EnterGuest") => true,
        ("Thread", "Sleep" or "Yield" or "Join" or "SpinWait" or "MemoryBarrier") => Sinks.IsFrameworks(method.ContainingType),
        ("SpinWait" or "Task" or "SemaphoreSlim" or "ManualResetEventSlim" or "CountdownEvent" or "Barrier", "SpinOnce" or "SpinUntil" or "Wait" or "WaitAll" or "WaitAny" or "SignalAndWait")
            => Sinks.IsFrameworks(method.ContainingType),
        ("Interlocked", "MemoryBarrier" or "MemoryBarrierProcessWide") => Sinks.IsFrameworks(method.ContainingType),
        ("Monitor", "Wait" or "Pulse" or "PulseAll") or ("EventWaitHandle", "Set") or ("ManualResetEventSlim", "Set") => Sinks.IsFrameworks(method.ContainingType),
        ("BlockingCollection", "Take" or "TryTake" or "TakeFromAny" or "TryTakeFromAny") or ("Process", "WaitForExit") => Sinks.IsFrameworks(method.ContainingType),
        (_, "WaitOne" or "WaitAll" or "WaitAny") => Sinks.IsFrameworks(method.ContainingType),
        _ => false,
    };
}
