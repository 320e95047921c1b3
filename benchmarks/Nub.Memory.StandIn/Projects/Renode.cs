using System.Collections.Immutable;

namespace Nub.Memory.StandIn.Projects;

/// <summary>Renode: every peripheral and processor reads the machine's memory through its bus.</summary>
internal sealed class Renode : Project
{
    public override string Name => "renode";

    public override ImmutableArray<MemoryType> Memories => [new("Antmicro.Renode.Peripherals.Bus.IBusController")];

    public override ImmutableArray<CallRule> Calls =>
    [
        .. Widths("Byte", "byte"),
        .. Widths("Word", "ushort"),
        .. Widths("DoubleWord", "uint"),
        .. Widths("QuadWord", "ulong"),
        new("ReadBytes", CallKind.CopyTo, "address", Buffer: "destination", Start: "startIndex", Count: "count"),
        new("ReadBytes", CallKind.CopyOut, "address", Count: "count"),
        new("WriteBytes", CallKind.CopyFrom, "address", Buffer: "bytes", Start: "startingIndex", Count: "count"),
        new("WriteBytes", CallKind.CopyFrom, "address", Buffer: "bytes", Count: "count"),
        new("WriteBytes", CallKind.CopyFrom, "address", Buffer: "bytes"),
    ];

    // The tests of the peripherals are NUnit's.
    public override string Beside => """
        namespace NUnit.Framework
        {
            [System.AttributeUsage(System.AttributeTargets.All, AllowMultiple = true)] public class TestAttribute : System.Attribute;
            [System.AttributeUsage(System.AttributeTargets.All, AllowMultiple = true)] public class TestFixtureAttribute : System.Attribute;
            [System.AttributeUsage(System.AttributeTargets.All, AllowMultiple = true)] public class SetUpAttribute : System.Attribute;
            [System.AttributeUsage(System.AttributeTargets.All, AllowMultiple = true)] public class TearDownAttribute : System.Attribute;
            [System.AttributeUsage(System.AttributeTargets.All, AllowMultiple = true)] public class OneTimeSetUpAttribute : System.Attribute;
            [System.AttributeUsage(System.AttributeTargets.All, AllowMultiple = true)] public class OneTimeTearDownAttribute : System.Attribute;
            [System.AttributeUsage(System.AttributeTargets.All, AllowMultiple = true)] public class IgnoreAttribute(string reason) : System.Attribute;
            [System.AttributeUsage(System.AttributeTargets.All, AllowMultiple = true)] public class TestCaseAttribute(params object[] arguments) : System.Attribute;

            public delegate void TestDelegate();

            public static class Assert
            {
                public static extern void AreEqual(object expected, object actual, string message = null, params object[] args);
                public static extern void AreNotEqual(object expected, object actual, string message = null, params object[] args);
                public static extern void AreSame(object expected, object actual, string message = null, params object[] args);
                public static extern void IsTrue(bool condition, string message = null, params object[] args);
                public static extern void True(bool condition, string message = null, params object[] args);
                public static extern void IsFalse(bool condition, string message = null, params object[] args);
                public static extern void False(bool condition, string message = null, params object[] args);
                public static extern void IsNull(object value, string message = null, params object[] args);
                public static extern void IsNotNull(object value, string message = null, params object[] args);
                public static extern void IsEmpty(System.Collections.IEnumerable collection, string message = null, params object[] args);
                public static extern void Greater(long first, long second, string message = null, params object[] args);
                public static extern void Less(long first, long second, string message = null, params object[] args);
                public static extern void Fail(string message = null, params object[] args);
                public static extern T Throws<T>(TestDelegate code, string message = null, params object[] args);
                public static extern void DoesNotThrow(TestDelegate code, string message = null, params object[] args);
            }
        }

        """;

    private static CallRule[] Widths(string width, string type) =>
    [
        new("Read" + width, CallKind.Read, "address", Type: type),
        new("Write" + width, CallKind.Write, "address", Type: type, Value: "value"),
        new($"Read{width}WithState", CallKind.Read, "address", Type: type),
        new($"Write{width}WithState", CallKind.Write, "address", Type: type, Value: "value"),
    ];
}
