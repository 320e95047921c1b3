using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

[assembly: CLSCompliant(true)]
[assembly: ComVisible(false)]

namespace Nub.Memory.StrictConsumer;

/// <summary>Whether a port is open.</summary>
public enum PortState
{
    /// <summary>It is closed.</summary>
    Closed,

    /// <summary>It is open.</summary>
    Open,
}

/// <summary>A network endpoint as it goes over the wire.</summary>
[AllValid, BigEndian, CLSCompliant(false)]
[SuppressMessage("Design", "CA1051:Do not declare visible instance fields", Justification = "A wire format is its fields.")]
[SuppressMessage("Performance", "CA1815:Override equals and operator equals on value types", Justification = "It is not compared.")]
public partial struct Endpoint
{
    /// <summary>The address.</summary>
    public uint Address;

    /// <summary>The port.</summary>
    public ushort Port;

    /// <summary>Reserved.</summary>
    public ushort Reserved;
}

/// <summary>Four of them.</summary>
[InlineArray(4), CLSCompliant(false)]
[SuppressMessage("Performance", "CA1815:Override equals and operator equals on value types", Justification = "It is not compared.")]
[SuppressMessage("Design", "CA1051:Do not declare visible instance fields", Justification = "It has one private field.")]
public struct Endpoints
{
    private Endpoint _first;
}

/// <summary>A table with a value of every kind.</summary>
/// <param name="Id">The identity.</param>
/// <param name="Weight">The weight.</param>
[AllValid, CLSCompliant(false)]
[SuppressMessage("Design", "CA1051:Do not declare visible instance fields", Justification = "A wire format is its fields.")]
[SuppressMessage("Usage", "CA2231:Overload operator equals on overriding value type Equals", Justification = "A record has it.")]
public readonly partial record struct Table(UInt128 Id, double Weight)
{
    /// <summary>The count.</summary>
    public readonly ulong Count = 0;

    /// <summary>The endpoints.</summary>
    public readonly Endpoints Endpoints;
}

/// <summary>A message whose parts are checked.</summary>
[ValidateOnRead]
[SuppressMessage("Design", "CA1051:Do not declare visible instance fields", Justification = "A wire format is its fields.")]
[SuppressMessage("Performance", "CA1815:Override equals and operator equals on value types", Justification = "It is not compared.")]
public partial struct Message
{
    /// <summary>Whether it is the last.</summary>
    public bool IsLast;

    /// <summary>The port's state.</summary>
    public PortState State;

    private static bool Validate(in Message value) => value.IsLast || value.State == PortState.Open;
}

/// <summary>A buffer with accessors.</summary>
/// <param name="size">Its size in bytes.</param>
[GenerateReader(typeof(uint)), GenerateReader(typeof(Endpoint)), GenerateReader(typeof(nint)), GenerateWriter(typeof(long)), GenerateWriter(typeof(sbyte))]
[CLSCompliant(false)]
public sealed partial class ByteBuffer(int size)
{
    private readonly byte[] _bytes = new byte[size];

    private Span<byte> AsSpan() => _bytes;
}
